import { errorShare, latency, requestRate } from '../../../dashboards/queries.ts'
import type { Service } from '../../../services/model/service.ts'
import type { MeasuredSlo } from '../../gitops/evidence.ts'
import { instant } from '../prometheus-api.ts'

const window = '1d'
const windowSeconds = 86_400

/**
 * Availability and p95 of a service over the last day, by the queries of its dashboard.
 * @param prometheus its address, e.g. `http://127.0.0.1:9090`
 * @returns undefined when there were no requests: nothing was measured then
 * @throws Error with code ENVIRONMENT when Prometheus does not answer
 */
export async function measureSlo(
  prometheus: string,
  service: Service,
): Promise<MeasuredSlo | undefined> {
  const ask = async (query: string): Promise<number | undefined> =>
    (await instant(prometheus, query))[0]?.value
  const rate = (await ask(requestRate(service, window))) ?? 0
  if (!(rate > 0)) return undefined
  const failed = (await ask(errorShare(service, window))) ?? 0
  const p95 = await ask(latency(service, 0.95, window))
  return {
    requests: Math.round(rate * windowSeconds),
    availabilityPercent: 100 * (1 - failed),
    p95Ms: p95 !== undefined && Number.isFinite(p95) ? p95 * 1000 : undefined,
  }
}
