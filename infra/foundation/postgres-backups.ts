import { clusters } from '../endpoints.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { metadataOf } from '../workloads/stack-context.ts'

const plugin = 'barman-cloud.cloudnative-pg.io'

/** Backups older than this are deleted. */
const retention = '30d'

/** Every night at three, in the six fields that the operator reads (seconds first). */
const schedule = '0 0 3 * * *'

/** What the cluster says so that its log goes to the bucket; empty without a bucket. */
export const archiving = ({ postgres }: Settings) =>
  postgres.backups === ''
    ? {}
    : {
        plugins: [
          {
            name: plugin,
            isWALArchiver: true,
            parameters: { barmanObjectName: clusters.postgres },
          },
        ],
      }

/**
 * The bucket and the nightly base backup; none without a bucket. The right to write there comes from the identity that
 * the cloud gives to the pods, so there is no key to keep.
 */
export function backupObjects(settings: Settings): readonly KubernetesObject[] {
  const { backups } = settings.postgres
  if (backups === '') return []
  const metadata = metadataOf(clusters.postgres, 'postgres', { settings })
  return [
    {
      apiVersion: 'barmancloud.cnpg.io/v1',
      kind: 'ObjectStore',
      metadata,
      spec: {
        retentionPolicy: retention,
        configuration: {
          destinationPath: backups,
          s3Credentials: { inheritFromIAMRole: true },
          wal: { compression: 'gzip' },
          data: { compression: 'gzip' },
        },
      },
    },
    {
      apiVersion: 'postgresql.cnpg.io/v1',
      kind: 'ScheduledBackup',
      metadata,
      spec: {
        schedule,
        backupOwnerReference: 'self',
        cluster: { name: clusters.postgres },
        method: 'plugin',
        pluginConfiguration: { name: plugin },
      },
    },
  ]
}
