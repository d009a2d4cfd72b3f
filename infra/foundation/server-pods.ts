import type { Settings } from '../settings.ts'

/** Pod Security `restricted` for pods whose user the operator or the image chooses. */
export const serverPodSecurity = {
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
} as const

/** The same for their containers; servers write beside their data, so the root file system stays writable. */
export const serverContainerSecurity = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
} as const

/** What a server asks for. No CPU limit: it would throttle a server while the node's other cores idle. */
export const resourcesOf = (cpu: string, memory: string) => ({
  requests: { cpu, memory },
  limits: { memory },
})

/** One replica a node, then one a zone, as far as there are any. */
export const spreadOf = (matchLabels: Readonly<Record<string, string>>) =>
  ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels },
  }))

/** What becomes of the claims of a StatefulSet: deleted with it unless the stack protects its data. */
export const claimsOf = ({ protect }: Pick<Settings, 'protect'>) => ({
  whenDeleted: protect ? 'Retain' : 'Delete',
  whenScaled: 'Retain',
})
