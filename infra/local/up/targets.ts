import { writeFor } from '../engines/site-folder.ts'
import { instanceName } from '../needs.ts'
import { hostPortOf, siteOf } from '../sites.ts'
import type { Here } from '../addresses.ts'
import type { ProcessStatus } from '../supervisor/spec.ts'

interface TargetGroup {
  readonly targets: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

/** Engines with a page of metrics, and where it is. */
const pages: Readonly<Record<string, string>> = {
  prometheus: '/metrics',
  alertmanager: '/metrics',
  'postgres-exporter': '/metrics',
  'mariadb-exporter': '/metrics',
  'redis-exporter': '/metrics',
  zipkin: '/prometheus',
  tempo: '/metrics',
  grafana: '/metrics',
}

/** Tells Prometheus what runs; it reads the file again by itself. Does nothing where there is no Prometheus. */
export async function writeTargets(here: Here, running: readonly ProcessStatus[]): Promise<void> {
  if (here.installation.supplies['prometheus']?.program === undefined) return
  const site = await siteOf('prometheus', here.where, here.installation)
  const names = new Set(running.map(({ name }) => name))
  if (!names.has('prometheus')) return
  const groups = [...serviceTargets(here, names), ...engineTargets(here, names)]
  await writeFor(site, 'targets/maru.json', `${JSON.stringify(groups, null, 2)}\n`)
}

const serviceTargets = (here: Here, running: ReadonlySet<string>): readonly TargetGroup[] =>
  here.topology.services.flatMap((service) =>
    Array.from({ length: here.installation.replicas[service.name] ?? 0 }, (_, at) => at + 1)
      .map((instance) => instanceName(service, instance))
      .filter((name) => running.has(name))
      .map((name) => ({
        targets: [`127.0.0.1:${here.installation.ports[name]?.['admin']}`],
        labels: {
          job: 'services',
          service: service.name,
          instance: name,
          product: service.product,
        },
      })),
  )

const engineTargets = ({ installation }: Here, running: ReadonlySet<string>): TargetGroup[] =>
  Object.entries(pages)
    .filter(([name]) => running.has(name))
    .map(([name, path]) => ({
      targets: [hostPortOf(name, installation)],
      labels: { job: name, instance: name, __metrics_path__: path },
    }))
