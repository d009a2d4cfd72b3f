import { namespacesOf } from '../endpoints.ts'
import { labelsOf, type KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'

/** Where a stack lives. */
export interface NamespacesArgs {
  /** With `operators: present` the namespaces of what is installed once for a cluster are somebody else's. */
  readonly settings: Settings
}

/** The oldest version of Kubernetes that is supported; a newer server may tighten its own `latest`. */
const podSecurityVersion = 'v1.31'

type Level = 'restricted' | 'privileged'

/** Namespaces of a stack, with what Pod Security lets their pods do: one for the node exporter alone is privileged. */
export function namespaceObjects({ settings }: NamespacesArgs): readonly KubernetesObject[] {
  const { platform, observability, operators, nodes, argocd } = namespacesOf(settings.stack)
  const own = [namespace(platform, settings.stack), namespace(observability, settings.stack)]
  if (settings.operators === 'present') return own
  return [
    ...own,
    namespace(operators, settings.stack),
    namespace(argocd, settings.stack),
    namespace(nodes, settings.stack, 'privileged'),
  ]
}

const namespace = (name: string, stack: string, level: Level = 'restricted'): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { ...labelsOf(name, 'namespace', stack), ...podSecurityOf(level) } },
})

const podSecurityOf = (level: Level): Readonly<Record<string, string>> =>
  Object.fromEntries(
    ['enforce', 'audit', 'warn'].flatMap((mode) => [
      [`pod-security.kubernetes.io/${mode}`, level],
      [`pod-security.kubernetes.io/${mode}-version`, podSecurityVersion],
    ]),
  )
