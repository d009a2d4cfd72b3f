import { createHash } from 'node:crypto'
import { hasDatabase, type Service } from '../../services/model/service.ts'
import { selectorOf, type KubernetesObject } from '../kubernetes/object.ts'
import { podSpec } from './pod.ts'
import { metadataOf, type StackContext } from './stack-context.ts'

/** A failed migration is tried again this often before the Job has failed. */
const migrationTries = 6

/** Argo CD runs it as a hook of each sync; Pulumi makes one for each image, so its name carries the image. */
export function migration(service: Service, context: StackContext): readonly KubernetesObject[] {
  if (!hasDatabase(service)) return []
  const { tag } = context.image(service)
  const suffix = context.settings.delivery === 'pulumi' ? `-${shortHash(tag)}` : ''
  const name = `${service.name}-migrate`
  const metadata = metadataOf(name + suffix, 'migration', context, name)
  return [
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata,
      spec: {
        backoffLimit: migrationTries,
        template: {
          // It enters the database as the service: the service's edges are its own.
          metadata: { labels: { ...metadata.labels, ...edgesOf(service, context) } },
          spec: { ...podSpec(service, context, true), restartPolicy: 'Never' },
        },
      },
    },
  ]
}

const edgesOf = ({ name }: Service, { settings: { stack } }: StackContext) =>
  selectorOf(name, stack)

const shortHash = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 8)
