import { z } from 'zod'
import {
  claimRetention,
  containerSecurity,
  inherited,
  integer,
  named,
  podSecurity,
  resources,
  secretKey,
  spread,
  wholeOrText,
} from './pieces.ts'

const cleanupPolicy = z.enum(['Skip', 'Delete']).optional()

/** https://github.com/mariadb-operator/mariadb-operator/blob/main/docs/api_reference.md#mariadbspec */
export const mariadb = z.strictObject({
  image: z.string().optional(),
  replicas: integer.min(1).optional(),
  rootPasswordSecretKeyRef: secretKey.optional(),
  storage: z.strictObject({
    size: z.string(),
    storageClassName: z.string().optional(),
    pvcRetentionPolicy: claimRetention.optional(),
  }),
  myCnf: z.string().optional(),
  resources: resources.optional(),
  inheritMetadata: inherited.optional(),
  podSecurityContext: podSecurity.optional(),
  // The operator has a container's security of its own, without a seccomp profile: that is the pod's.
  securityContext: containerSecurity.omit({ seccompProfile: true }).optional(),
  topologySpreadConstraints: spread.optional(),
  metrics: z.strictObject({ enabled: z.boolean() }).optional(),
  replication: z
    .strictObject({
      enabled: z.boolean(),
      semiSyncEnabled: z.boolean().optional(),
      primary: z.strictObject({ autoFailover: z.boolean().optional() }).optional(),
    })
    .optional(),
  updateStrategy: z
    .strictObject({
      type: z.enum(['ReplicasFirstPrimaryLast', 'RollingUpdate', 'OnDelete', 'Never']),
    })
    .optional(),
  podDisruptionBudget: z.strictObject({ maxUnavailable: wholeOrText }).optional(),
})

/** https://github.com/mariadb-operator/mariadb-operator/blob/main/docs/api_reference.md#databasespec */
export const database = z.strictObject({
  mariaDbRef: named,
  name: z.string().optional(),
  characterSet: z.string().optional(),
  collate: z.string().optional(),
  cleanupPolicy,
})

/** https://github.com/mariadb-operator/mariadb-operator/blob/main/docs/api_reference.md#userspec */
export const user = z.strictObject({
  mariaDbRef: named,
  name: z.string().optional(),
  host: z.string().optional(),
  passwordSecretKeyRef: secretKey.optional(),
  maxUserConnections: integer.optional(),
  cleanupPolicy,
})

/** https://github.com/mariadb-operator/mariadb-operator/blob/main/docs/api_reference.md#grantspec */
export const grant = z.strictObject({
  mariaDbRef: named,
  username: z.string(),
  host: z.string().optional(),
  database: z.string().optional(),
  table: z.string().optional(),
  privileges: z.array(z.string()).min(1),
  grantOption: z.boolean().optional(),
  cleanupPolicy,
})

export type MariaDBSpec = z.infer<typeof mariadb>
export type DatabaseSpec = z.infer<typeof database>
export type UserSpec = z.infer<typeof user>
export type GrantSpec = z.infer<typeof grant>
