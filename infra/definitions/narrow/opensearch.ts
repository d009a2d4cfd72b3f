import { z } from 'zod'
import {
  claimRetention,
  containerSecurity,
  integer,
  named,
  podSecurity,
  resources,
  secretKey,
  spread,
  texts,
  wholeOrText,
} from './pieces.ts'

/** https://github.com/opensearch-project/opensearch-k8s-operator/blob/main/docs/designs/crd.md */
export const opensearchCluster = z.strictObject({
  general: z.strictObject({
    serviceName: z.string(),
    version: z.string(),
    image: z.string().optional(),
    httpPort: integer.optional(),
    setVMMaxMapCount: z.boolean().optional(),
    additionalConfig: texts.optional(),
    drainDataNodes: z.boolean().optional(),
    podSecurityContext: podSecurity.optional(),
    securityContext: containerSecurity.optional(),
    persistentVolumeClaimRetentionPolicy: claimRetention.optional(),
  }),
  security: z
    .strictObject({
      tls: z
        .strictObject({
          transport: z
            .strictObject({ generate: z.boolean(), perNode: z.boolean().optional() })
            .optional(),
          http: z.strictObject({ generate: z.boolean() }).optional(),
        })
        .optional(),
      config: z
        .strictObject({
          adminCredentialsSecret: named.optional(),
          updateJob: z.strictObject({ resources: resources.optional() }).optional(),
        })
        .optional(),
    })
    .optional(),
  bootstrap: z
    .strictObject({ resources: resources.optional(), jvm: z.string().optional() })
    .optional(),
  nodePools: z.array(
    z.strictObject({
      component: z.string(),
      roles: z.array(z.string()),
      replicas: integer.min(1),
      diskSize: z.string().optional(),
      jvm: z.string().optional(),
      resources: resources.optional(),
      labels: texts.optional(),
      persistence: z
        .strictObject({
          pvc: z
            .strictObject({
              accessModes: z.array(z.string()).optional(),
              storageClass: z.string().optional(),
            })
            .optional(),
        })
        .optional(),
      topologySpreadConstraints: spread.optional(),
      pdb: z
        .strictObject({ enable: z.boolean(), maxUnavailable: wholeOrText.optional() })
        .optional(),
    }),
  ),
})

/** https://docs.opensearch.org/latest/install-and-configure/install-opensearch/operator/operator-security/ */
export const opensearchUser = z.strictObject({
  opensearchCluster: named,
  passwordFrom: secretKey,
  backendRoles: z.array(z.string()).optional(),
  attributes: texts.optional(),
})

export const opensearchRole = z.strictObject({
  opensearchCluster: named,
  clusterPermissions: z.array(z.string()).optional(),
  indexPermissions: z
    .array(
      z.strictObject({
        indexPatterns: z.array(z.string()),
        allowedActions: z.array(z.string()),
      }),
    )
    .optional(),
})

export const opensearchUserRoleBinding = z.strictObject({
  opensearchCluster: named,
  users: z.array(z.string()).optional(),
  backendRoles: z.array(z.string()).optional(),
  roles: z.array(z.string()),
})

export type OpenSearchClusterSpec = z.infer<typeof opensearchCluster>
export type OpensearchUserSpec = z.infer<typeof opensearchUser>
export type OpensearchRoleSpec = z.infer<typeof opensearchRole>
export type OpensearchUserRoleBindingSpec = z.infer<typeof opensearchUserRoleBinding>
