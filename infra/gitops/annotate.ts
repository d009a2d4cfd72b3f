import type { KubernetesObject } from '../kubernetes/object.ts'

/** Argo CD makes what is lower first, and goes on when it is healthy. Kinds that are not here are wave 0. */
const waves: Readonly<Record<string, number>> = {
  ServiceAccount: -10,
  ExternalSecret: -10,
  NetworkPolicy: -10,
  KafkaTopic: -10,
  KafkaUser: -10,
  DatabaseRole: -10,
  Database: -10,
  User: -10,
  Grant: -10,
  OpensearchUser: -10,
  OpensearchRole: -10,
  OpensearchUserRoleBinding: -10,
  Job: -5,
}

/** Kinds whose removal from Git must not remove the data. */
const keepsData = ['KafkaTopic', 'Database', 'DatabaseRole', 'User']

/** A migration runs at every sync, after the job of the last one is gone. */
const hook = {
  'argocd.argoproj.io/hook': 'Sync',
  'argocd.argoproj.io/hook-delete-policy': 'BeforeHookCreation',
}

/** An object with what Argo CD must know of it. @param protect data outlives its declaration */
export function annotated(object: KubernetesObject, protect: boolean): KubernetesObject {
  const wave = waves[object.kind] ?? 0
  const annotations = {
    ...(wave !== 0 && { 'argocd.argoproj.io/sync-wave': String(wave) }),
    ...(object.kind === 'Job' && hook),
    ...(protect &&
      keepsData.includes(object.kind) && {
        'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
      }),
    ...object.metadata.annotations,
  }
  if (Object.keys(annotations).length === 0) return object
  return { ...object, metadata: { ...object.metadata, annotations } }
}
