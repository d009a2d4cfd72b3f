import type { KubernetesObject } from '../kubernetes/object.ts'
import { namespacesOf } from '../endpoints.ts'
import type { Settings } from '../settings.ts'
import { metadataOf } from './observed-metadata.ts'

/** What somebody may do, in RBAC's words. */
export interface Right {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

/** To look at pods and follow them. */
export const watchPods: Right = {
  apiGroups: [''],
  resources: ['pods'],
  verbs: ['get', 'list', 'watch'],
}

/** Rights of a server in these namespaces and nowhere else, so that no stack reads another's. */
export const rightsIn = (
  namespaces: readonly string[],
  server: string,
  rules: readonly Right[],
  settings: Pick<Settings, 'stack'>,
): readonly KubernetesObject[] =>
  namespaces.flatMap((namespace) => {
    const metadata = { ...metadataOf(server, 'rights', settings), namespace }
    const apiVersion = 'rbac.authorization.k8s.io/v1'
    const account = { name: server, namespace: namespacesOf(settings.stack).observability }
    return [
      { apiVersion, kind: 'Role', metadata, rules },
      {
        apiVersion,
        kind: 'RoleBinding',
        metadata,
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: server },
        subjects: [{ kind: 'ServiceAccount', ...account }],
      },
    ]
  })
