import { z } from 'zod'
import { integer } from './pieces.ts'

const dataCompression = z.enum(['bzip2', 'gzip', 'snappy'])
const logCompression = z.enum([...dataCompression.options, 'lz4', 'xz', 'zstd'])

/** https://cloudnative-pg.io/plugin-barman-cloud/docs/plugin-barman-cloud.v1/ */
export const objectStore = z.strictObject({
  retentionPolicy: z.string().optional(),
  configuration: z.strictObject({
    destinationPath: z.string().min(1),
    endpointURL: z.string().optional(),
    s3Credentials: z.strictObject({ inheritFromIAMRole: z.boolean().optional() }).optional(),
    wal: z
      .strictObject({
        compression: logCompression.optional(),
        maxParallel: integer.min(1).optional(),
      })
      .optional(),
    data: z
      .strictObject({ compression: dataCompression.optional(), jobs: integer.min(1).optional() })
      .optional(),
  }),
})

export type ObjectStoreSpec = z.infer<typeof objectStore>
