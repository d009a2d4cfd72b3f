import { publicPrefixes } from '../../services/model/edge.ts'
import { adminOffset, type Service } from '../../services/model/service.ts'
import { frontedOf } from '../../services/model/topology.ts'
import { frontDoorName } from '../endpoints.ts'
import { selectorOf, type KubernetesObject } from '../kubernetes/object.ts'
import { owned, serving, type StackContext } from './stack-context.ts'

/** The service's name inside the cluster, with its public and its admin port. */
export const clusterService = (service: Service, context: StackContext): KubernetesObject =>
  owned(service, context, {
    apiVersion: 'v1',
    kind: 'Service',
    spec: {
      selector: serving(service, context),
      ports: [
        { name: 'http', protocol: 'TCP', port: service.port, targetPort: 'http' },
        { name: 'admin', protocol: 'TCP', port: service.port + adminOffset, targetPort: 'admin' },
      ],
    },
  })

/** The public paths, all of them by way of the service that fronts them. */
export function httpRoute(service: Service, context: StackContext): readonly KubernetesObject[] {
  if (service.fronts !== 'all') return []
  const { topology, settings } = context
  const own = Object.values(service.api).map(({ path }) => `/${path.split('/')[1] ?? ''}`)
  const fronted = frontedOf(topology).flatMap(({ edge }) => (edge ? publicPrefixes(edge) : []))
  return [
    owned(service, context, {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      spec: {
        parentRefs: [{ name: frontDoorName }],
        hostnames: [settings.gateway.host],
        rules: [
          {
            matches: [...new Set([...own, ...fronted])].sort().map((value) => ({
              path: { type: 'PathPrefix', value },
            })),
            backendRefs: [{ name: service.name, port: service.port }],
          },
        ],
      },
    }),
  ]
}

/** The labels `job`, `service` and `instance` are those of the local run, so that queries mean the same. */
export const serviceMonitor = (service: Service, context: StackContext): KubernetesObject =>
  owned(service, context, {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    spec: {
      selector: { matchLabels: selectorOf(service.name, context.settings.stack) },
      endpoints: [
        {
          port: 'admin',
          path: '/metrics',
          interval: '15s',
          relabelings: [
            { targetLabel: 'job', replacement: 'services' },
            { targetLabel: 'service', replacement: service.name },
            { sourceLabels: ['__meta_kubernetes_pod_name'], targetLabel: 'instance' },
          ],
        },
      ],
    },
  })
