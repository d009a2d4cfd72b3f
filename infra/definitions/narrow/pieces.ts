import { z } from 'zod'

/** Pieces of Kubernetes' own schemas that operators' kinds are made of: only the fields that Maru uses. */
export const texts = z.record(z.string(), z.string())
export const integer = z.int()

/** A quantity, a port or a percentage: whole number or text (`x-kubernetes-int-or-string`). */
export const wholeOrText = z
  .union([z.int(), z.string()])
  .meta({ 'x-kubernetes-int-or-string': true })

/** What the operator hands on to a server as it is. */
export const anything = z.looseObject({}).meta({ 'x-kubernetes-preserve-unknown-fields': true })

export const quantities = z.record(z.string(), wholeOrText)
export const resources = z.strictObject({
  requests: quantities.optional(),
  limits: quantities.optional(),
})

const seccompProfile = z.strictObject({ type: z.enum(['RuntimeDefault', 'Unconfined']) })

export const podSecurity = z.strictObject({
  runAsNonRoot: z.boolean().optional(),
  runAsUser: integer.optional(),
  runAsGroup: integer.optional(),
  fsGroup: integer.optional(),
  seccompProfile: seccompProfile.optional(),
})

export const containerSecurity = z.strictObject({
  allowPrivilegeEscalation: z.boolean().optional(),
  readOnlyRootFilesystem: z.boolean().optional(),
  runAsNonRoot: z.boolean().optional(),
  runAsUser: integer.optional(),
  capabilities: z.strictObject({ drop: z.array(z.string()) }).optional(),
  seccompProfile: seccompProfile.optional(),
})

export const spread = z.array(
  z.strictObject({
    maxSkew: integer,
    topologyKey: z.string(),
    whenUnsatisfiable: z.enum(['ScheduleAnyway', 'DoNotSchedule']),
    labelSelector: z.strictObject({ matchLabels: texts }),
    matchLabelKeys: z.array(z.string()).optional(),
  }),
)

export const named = z.strictObject({ name: z.string() })
export const secretKey = z.strictObject({ name: z.string(), key: z.string() })
export const inherited = z.strictObject({
  labels: texts.optional(),
  annotations: texts.optional(),
})
export const claimRetention = z.strictObject({
  whenDeleted: z.enum(['Retain', 'Delete']).optional(),
  whenScaled: z.enum(['Retain', 'Delete']).optional(),
})
