import type { Service } from '../../services/model/service.ts'
import type { Promotion } from './promotion.ts'

/** How a service did, measured where it runs. */
export interface MeasuredSlo {
  /** Requests of the window. */
  readonly requests: number
  /** Percent of requests without a 5xx. */
  readonly availabilityPercent: number
  /** 95 % of requests were answered within this time; undefined when the histogram cannot say. */
  readonly p95Ms: number | undefined
}

/** What is known about a promoted version. What is undefined was not measured or is not known, and is said so. */
export interface Evidence {
  readonly promotion: Promotion
  readonly commits: readonly string[] | undefined
  /** What the person who promotes says of the tests. */
  readonly tests: string | undefined
  /** `no requests`: Prometheus was asked, and there was nothing to measure. */
  readonly slo: MeasuredSlo | 'no requests' | undefined
}

const unmeasured = '`not measured`'

/** The evidence as Markdown, for a pull request or a release note. */
export function evidence({ promotion, commits, tests, slo }: Evidence): string {
  const { service, from, to, version, before } = promotion
  return [
    `## ${service.name} ${version.tag}: ${from} → ${to}`,
    '',
    '| | before | after |',
    '|---|---|---|',
    `| tag | ${before?.tag ?? 'none'} | ${version.tag} |`,
    `| digest | ${before?.digest ?? 'none'} | ${version.digest} |`,
    '',
    `**Commits**: ${commitText(commits)}`,
    '',
    `**Tests**: ${tests ?? unmeasured}`,
    '',
    `**SLO of ${from}, last 24 h**: ${sloText(service, slo)}`,
  ].join('\n')
}

function commitText(commits: Evidence['commits']): string {
  if (commits === undefined) return '`not known`'
  if (commits.length === 0) return 'none that touch the service, the kit or the model'
  return `${commits.length}\n\n${commits.map((line) => `- ${line}`).join('\n')}`
}

function sloText({ slo: target }: Service, slo: Evidence['slo']): string {
  if (slo === undefined) return unmeasured
  if (slo === 'no requests') return `${unmeasured} (there were no requests)`
  const { requests, availabilityPercent, p95Ms } = slo
  return [
    `${requests} requests`,
    `availability ${Number(availabilityPercent.toFixed(3))} % (target ${target.availability} %, ${kept(availabilityPercent >= target.availability)})`,
    p95Text(target.latency.p95Ms, p95Ms),
  ].join(', ')
}

const p95Text = (targetMs: number, ms: number | undefined): string =>
  ms === undefined
    ? `p95 ${unmeasured}`
    : `p95 ${Number(ms.toFixed(1))} ms (target ${targetMs} ms, ${kept(ms <= targetMs)})`

const kept = (yes: boolean): string => (yes ? 'kept' : 'missed')
