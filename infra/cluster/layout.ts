import { join } from 'node:path'

/** Ports of a cluster's processes; preferred ones of a checkout, free ones in tests. */
export interface ClusterPorts {
  readonly api: number
  readonly etcd: number
  readonly etcdPeer: number
  readonly metrics: number
}

/** What a checkout's cluster would like to have; Kubernetes' own 6443 may be somebody else's. */
export const preferredPorts: ClusterPorts = {
  api: 16443,
  etcd: 12379,
  etcdPeer: 12380,
  metrics: 16444,
}

/** A cluster on this machine: its folder and its ports. */
export interface ClusterSite {
  readonly dir: string
  readonly ports: ClusterPorts
}

/** Whom the API server knows; `admin` is for people. */
export const accounts = {
  admin: { user: 'admin', group: 'system:masters' },
  controllers: { user: 'system:kube-controller-manager', group: '' },
  scheduler: { user: 'system:kube-scheduler', group: '' },
  kwok: { user: 'kwok', group: 'system:masters' },
  metrics: { user: 'metrics', group: 'system:masters' },
} as const

export type Account = keyof typeof accounts

/** Files of a cluster. */
export const filesOf = ({ dir }: Pick<ClusterSite, 'dir'>) => ({
  etcd: join(dir, 'etcd'),
  certificates: join(dir, 'certificates'),
  authority: join(dir, 'certificates/apiserver.crt'),
  tokens: join(dir, 'tokens.csv'),
  signingKey: join(dir, 'service-accounts.key'),
  verifyingKey: join(dir, 'service-accounts.pub'),
  stages: join(dir, 'stages.yaml'),
  kubeconfig: (account: Account) => join(dir, `${account}.kubeconfig`),
})
