import { frontDoorName, namespacesOf } from '../endpoints.ts'
import { labelsOf, type KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { publicUrl } from '../workloads/addresses.ts'
import { metadataOf } from '../workloads/stack-context.ts'

/** What a stack says about its front door. */
export interface FrontDoorArgs {
  readonly settings: Settings
}

/** Secret (`kubernetes.io/tls`) with the certificate of the host and the names below it, never ours to make. */
export const certificateSecret = 'maru-tls'

/**
 * The Gateway: the stack's host for its own services, and names below it for what people look at it with. Plain HTTP where
 * the host is this machine, TLS anywhere else.
 */
export function frontDoorObjects({ settings }: FrontDoorArgs): readonly KubernetesObject[] {
  const { host, class: gatewayClassName } = settings.gateway
  const { observability } = namespacesOf(settings.stack)
  const way = publicUrl(settings).startsWith('https') ? encrypted : plain
  return [
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: metadataOf(frontDoorName, 'front-door', { settings }),
      spec: {
        gatewayClassName,
        listeners: [
          {
            ...way,
            name: 'services',
            hostname: host,
            allowedRoutes: { namespaces: { from: 'Same' } },
          },
          {
            ...way,
            name: 'tools',
            hostname: `*.${host}`,
            allowedRoutes: {
              namespaces: {
                from: 'Selector',
                selector: { matchLabels: { 'kubernetes.io/metadata.name': observability } },
              },
            },
          },
        ],
      },
    },
  ]
}

const plain = { port: 80, protocol: 'HTTP' }

const encrypted = {
  port: 443,
  protocol: 'HTTPS',
  tls: { mode: 'Terminate', certificateRefs: [{ name: certificateSecret }] },
}

/** Labels that Envoy Gateway puts on the proxies of the stack's Gateway, wherever it runs them. */
export const frontDoorPods = ({ stack }: Settings) => ({
  'gateway.envoyproxy.io/owning-gateway-name': frontDoorName,
  'gateway.envoyproxy.io/owning-gateway-namespace': namespacesOf(stack).platform,
})

/** Who answers for the stack's `Gateway`; of the whole cluster, under the name that the settings give it. */
export const gatewayClass = ({ stack, gateway }: Settings): KubernetesObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GatewayClass',
  metadata: { name: gateway.class, labels: labelsOf(gateway.class, 'front-door', stack) },
  spec: { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' },
})
