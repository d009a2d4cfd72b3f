import { z } from 'zod'
import { integer } from './pieces.ts'

const compressed = z.strictObject({
  compression: z.enum(['gzip', 'snappy', 'lz4', 'zstd']).optional(),
  jobs: integer.optional(),
  maxParallel: integer.optional(),
})

/** https://cloudnative-pg.io/plugin-barman-cloud/docs/plugin-barman-cloud.v1/ */
export const objectStore = z.strictObject({
  retentionPolicy: z.string().optional(),
  configuration: z.strictObject({
    destinationPath: z.string(),
    endpointURL: z.string().optional(),
    s3Credentials: z.strictObject({ inheritFromIAMRole: z.boolean().optional() }).optional(),
    wal: compressed.optional(),
    data: compressed.optional(),
  }),
})
