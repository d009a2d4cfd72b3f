import { frontDoorName, namespacesOf } from '../endpoints.ts'
import { labelsOf, type KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { publicUrl } from '../workloads/addresses.ts'
import { metadataOf } from '../workloads/stack-context.ts'

/** What a stack says about its front door. */
export interface FrontDoorArgs {
  readonly settings: Settings
}

/** Secret (`kubernetes.io/tls`) with the certificate of the host: cert-manager's or whoever's, never ours to make. */
export const certificateSecret = 'maru-tls'

/** The Gateway of the stack's host: plain HTTP where the host is this machine, TLS anywhere else. */
export const frontDoorObjects = ({ settings }: FrontDoorArgs): readonly KubernetesObject[] => [
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: metadataOf(frontDoorName, 'front-door', { settings }),
    spec: {
      gatewayClassName: settings.gateway.class,
      listeners: [
        {
          ...(publicUrl(settings).startsWith('https') ? encrypted : plain),
          hostname: settings.gateway.host,
          allowedRoutes: { namespaces: { from: 'Same' } },
        },
      ],
    },
  },
]

const plain = { name: 'http', port: 80, protocol: 'HTTP' }

const encrypted = {
  name: 'https',
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
