import type { Product } from '../../services/model/service.ts'
import type { Topology } from '../../services/model/topology.ts'
import { namespacesOf } from '../endpoints.ts'
import { labelsOf, type KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { platformObjects, serviceObjects } from '../workloads/objects.ts'
import type { StackContext } from '../workloads/stack-context.ts'

/** The cluster that Argo CD itself runs in. */
export const thisCluster = 'https://kubernetes.default.svc'

/** Name of a domain's project: `maru-prod-webtoon`. */
export const projectName = (stack: string, domain: Product | 'root'): string =>
  `maru-${stack}-${domain}`

/** Domains of a topology: a project each. */
export const domainsOf = ({ services }: Topology): readonly Product[] => [
  ...new Set<Product>(['platform', ...services.map(({ product }) => product)]),
]

/**
 * An AppProject a domain: this repository, this stack's namespace, and only kinds that are written. Nothing of the
 * cluster's own, so nobody makes a namespace or a role by a commit.
 */
export const projectObjects = (context: StackContext): readonly KubernetesObject[] => {
  const { topology, settings } = context
  const all = [
    ...platformObjects(context),
    ...topology.services.flatMap((service) => serviceObjects(service, context)),
  ]
  const namespace = namespacesOf(settings.stack).platform
  return [
    project('root', settings, namespacesOf(settings.stack).argocd, [
      { group: 'argoproj.io', kind: 'ApplicationSet' },
    ]),
    ...domainsOf(topology).map((domain) => project(domain, settings, namespace, kindsOf(all))),
  ]
}

interface GroupKind {
  readonly group: string
  readonly kind: string
}

function kindsOf(objects: readonly KubernetesObject[]): readonly GroupKind[] {
  const pairs = objects.map(({ apiVersion, kind }) => {
    const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
    return [`${group}/${kind}`, { group, kind }] as const
  })
  return [...new Map(pairs.sort(([a], [b]) => (a < b ? -1 : 1))).values()]
}

const project = (
  domain: Product | 'root',
  { stack, gitops }: Settings,
  namespace: string,
  kinds: readonly GroupKind[],
): KubernetesObject => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AppProject',
  metadata: {
    name: projectName(stack, domain),
    namespace: namespacesOf(stack).argocd,
    labels: labelsOf(projectName(stack, domain), 'delivery', stack),
  },
  spec: {
    description: `What ${domain === 'root' ? 'finds the applications' : `the ${domain} services`} of stack ${stack} may make.`,
    sourceRepos: [gitops.repository],
    destinations: [{ server: thisCluster, namespace }],
    clusterResourceWhitelist: [],
    namespaceResourceWhitelist: kinds,
  },
})
