import { selectorOf } from './object.ts'

type Labels = Readonly<Record<string, string>>

/** One end of an edge, as NetworkPolicies name it. */
export interface Peer {
  readonly podSelector?: { readonly matchLabels: Labels }
  readonly namespaceSelector?: { readonly matchLabels?: Labels }
}

/** Pods of the stack's own namespace. */
export const pods = (matchLabels: Labels): Peer => ({ podSelector: { matchLabels } })

/** Pods of a service, its migrations among them. */
export const servicePods = (name: string, stack: string): Peer => pods(selectorOf(name, stack))

/** All pods of a namespace. */
export const everyoneIn = (namespace: string): Peer => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
})

/** Pods with these labels in whichever namespace: of what is installed once for a cluster. */
export const anywhere = (matchLabels: Labels): Peer => ({
  namespaceSelector: {},
  ...pods(matchLabels),
})

export const tcp = (port: number) => ({ protocol: 'TCP', port })

/** Where names are resolved. */
export const nameServers = {
  to: [{ ...everyoneIn('kube-system'), ...pods({ 'k8s-app': 'kube-dns' }) }],
  ports: [{ protocol: 'UDP', port: 53 }, tcp(53)],
}

/**
 * TLS to anywhere: the API server runs outside of the pod network, so no policy can name it, and neither can one name a
 * bucket.
 */
export const apiServer = { ports: [tcp(443), tcp(6443)] }
