import type { KubernetesObject } from '../kubernetes/object.ts'
import { targets, type ObjectRule } from './rule.ts'

/** Where a stack is a playground, its data goes with it. */
const whereProtected: ObjectRule['level'] = ({ protect }) => (protect ? 'deny' : 'off')

/** Rules about what holds data: where the stack is protected, data outlives what declares it. */
export const dataRules: readonly ObjectRule[] = [
  {
    scope: 'object',
    id: 'keeps-claims',
    message:
      'spec.persistentVolumeClaimRetentionPolicy of a StatefulSet must be Retain: its volumes outlive it',
    targets: [targets.statefulSet],
    level: whereProtected,
    // Kubernetes retains what nobody speaks of.
    check: (object) => {
      const { persistentVolumeClaimRetentionPolicy: policy = {} } = specOf<Claiming>(object)
      return !Object.values(policy).includes('Delete')
    },
    cel: `!has(object.spec.persistentVolumeClaimRetentionPolicy) || ${['whenDeleted', 'whenScaled'].map(retained).join(' && ')}`,
    bad: (good) => (good.spec.persistentVolumeClaimRetentionPolicy = { whenDeleted: 'Delete' }),
  },
  {
    scope: 'object',
    id: 'keeps-records',
    message:
      'deleteClaim of every volume in spec.storage of a KafkaNodePool must be false: records outlive the pool',
    targets: [targets.nodePool],
    level: whereProtected,
    check: (object) => {
      const { storage } = specOf<Storing>(object)
      return [storage, ...(storage.volumes ?? [])].every(({ deleteClaim }) => deleteClaim !== true)
    },
    cel: `${unclaimed('object.spec.storage')} && (!has(object.spec.storage.volumes) || object.spec.storage.volumes.all(v, ${unclaimed('v')}))`,
    bad: (good) => (good.spec.storage.volumes[0].deleteClaim = true),
  },
  {
    scope: 'object',
    id: 'keeps-databases',
    message: 'spec.databaseReclaimPolicy of a Database must be retain: tables outlive their object',
    targets: [targets.database],
    level: whereProtected,
    // The operator's own default is to retain.
    check: (object) => (specOf<Reclaiming>(object).databaseReclaimPolicy ?? 'retain') === 'retain',
    cel: "!has(object.spec.databaseReclaimPolicy) || object.spec.databaseReclaimPolicy == 'retain'",
    bad: (good) => (good.spec.databaseReclaimPolicy = 'delete'),
  },
]

const specOf = <Spec>(object: KubernetesObject): Spec => object['spec'] as Spec

interface Claiming {
  readonly persistentVolumeClaimRetentionPolicy?: Readonly<Record<string, string>>
}
interface Volume {
  readonly deleteClaim?: boolean
}
interface Storing {
  readonly storage: Volume & { readonly volumes?: readonly Volume[] }
}
interface Reclaiming {
  readonly databaseReclaimPolicy?: string
}

function retained(when: string): string {
  const field = `object.spec.persistentVolumeClaimRetentionPolicy.${when}`
  return `(!has(${field}) || ${field} != 'Delete')`
}

function unclaimed(volume: string): string {
  return `!(has(${volume}.deleteClaim) && ${volume}.deleteClaim == true)`
}
