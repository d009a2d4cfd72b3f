import { join } from 'node:path'
import * as k8s from '@pulumi/kubernetes'
import * as pulumi from '@pulumi/pulumi'
import { topology } from '../services/topology.ts'
import { Delivery } from './delivery/delivery.ts'
import { Foundation } from './foundation/foundation.ts'
import { imagesOf } from './images/image.ts'
import { Observability } from './observability/observability.ts'
import { renderedAlertmanager } from './observability/rendered-alertmanager.ts'
import { Admission } from './policy/admission.ts'
import type { Settings } from './settings.ts'
import { publicUrl } from './workloads/addresses.ts'
import { Platform } from './workloads/platform.ts'
import { renderedObserved } from './workloads/rendered-observed.ts'
import { StackSecrets } from './workloads/stack-secrets.ts'
import { Workload } from './workloads/workload.ts'

const root = join(import.meta.dirname, '..')

/**
 * The inventory of a stack: foundation → secrets → workloads → observability → policy → delivery. What others wait for
 * comes first, so that the waiting overlaps with making the rest. @returns its outputs
 */
export function inventory(settings: Settings): Record<string, unknown> {
  const options = { provider: clusterOf(settings) }
  const images = imagesOf(settings, root)
  const context = { topology, settings, image: images, observed: renderedObserved(root, topology) }

  const foundation = new Foundation('foundation', { settings, topology }, options)
  const there = [foundation.namespaces, foundation.operators]
  const secrets = new StackSecrets('secrets', { context }, { ...options, dependsOn: there })
  if (settings.delivery === 'pulumi') {
    // A service waits for its servers itself, by its readiness; only a migration needs a database that answers.
    const dependsOn = [...there, secrets]
    const databases = [foundation.postgres, foundation.mariadb]
    new Platform('platform', { context }, { ...options, dependsOn })
    for (const service of topology.services)
      new Workload(service.name, { service, context, databases }, { ...options, dependsOn })
  }
  const observability = new Observability(
    'observability',
    { settings, alertmanager: renderedAlertmanager(root) },
    { ...options, dependsOn: there },
  )
  new Admission('admission', { settings }, { ...options, dependsOn: foundation.namespaces })
  new Delivery('delivery', { context }, { ...options, dependsOn: [foundation, observability] })
  return { url: publicUrl(settings) }
}

/** Server-side apply, and settings that change in place: a replaced ConfigMap would take its pods along. */
const clusterOf = ({ kubeconfig, context }: Settings): k8s.Provider =>
  new k8s.Provider('cluster', {
    kubeconfig: pulumi.secret(kubeconfig),
    ...(context !== '' && { context }),
    enableServerSideApply: true,
    enableConfigMapMutable: true,
    enableSecretMutable: true,
    // The client's own limits (50 requests a second) are for clusters that many share.
    kubeClientSettings: { qps: 200, burst: 400 },
  })
