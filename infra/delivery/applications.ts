import type { Topology } from '../../services/model/topology.ts'
import { namespacesOf } from '../endpoints.ts'
import { labelsOf, type KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { subscriptions } from './argocd-settings.ts'
import { projectName, thisCluster } from './projects.ts'

/** What a stack delivers. */
export interface ApplicationsArgs {
  readonly settings: Settings
  readonly topology: Topology
}

const apiVersion = 'argoproj.io/v1alpha1'

/** Removed from Git, removed from the cluster; changed by hand, changed back. */
const automated = { prune: true, selfHeal: true }

/** A service may wait for another, or for its secrets: about five minutes of tries. */
const retry = { limit: 8, backoff: { duration: '5s', factor: 2, maxDuration: '1m' } }

const metadata = (name: string, { stack }: Settings) => ({
  name,
  namespace: namespacesOf(stack).argocd,
  labels: labelsOf(name, 'delivery', stack),
})

/** The one application that Pulumi makes; it reads the stack's ApplicationSet and nothing else. */
export const rootApplication = (settings: Settings): KubernetesObject => ({
  apiVersion,
  kind: 'Application',
  metadata: metadata(`maru-${settings.stack}`, settings),
  spec: {
    project: projectName(settings.stack, 'root'),
    source: {
      repoURL: settings.gitops.repository,
      targetRevision: settings.gitops.revision,
      path: 'gitops/appsets',
      directory: { include: `${settings.stack}.yaml` },
    },
    destination: { server: thisCluster, namespace: namespacesOf(settings.stack).argocd },
    syncPolicy: { automated, retry },
  },
})

/** One Application a folder of `gitops/<stack>`: a new folder is a new application, a removed one is pruned. */
export function applicationSet({ settings, topology }: ApplicationsArgs): KubernetesObject {
  const { stack, gitops } = settings
  const products = topology.services.map(({ name, product }) => `"${name}" "${product}"`)
  const domain = `get (dict "platform" "platform" ${products.join(' ')}) .path.basename`
  return {
    apiVersion,
    kind: 'ApplicationSet',
    metadata: metadata(`maru-${stack}`, settings),
    spec: {
      goTemplate: true,
      goTemplateOptions: ['missingkey=error'],
      generators: [
        {
          git: {
            repoURL: gitops.repository,
            revision: gitops.revision,
            directories: [{ path: `gitops/${stack}/*` }],
            requeueAfterSeconds: 60,
          },
        },
      ],
      template: {
        metadata: {
          name: `${stack}-{{ .path.basename }}`,
          labels: { ...labelsOf('{{ .path.basename }}', 'delivery', stack) },
          annotations: {
            ...subscriptions,
            // Defaults of the server are no differences.
            'argocd.argoproj.io/compare-options': 'ServerSideDiff=true',
          },
        },
        spec: {
          project: `maru-${stack}-{{ ${domain} }}`,
          source: {
            repoURL: gitops.repository,
            targetRevision: gitops.revision,
            path: '{{ .path.path }}',
          },
          destination: { server: thisCluster, namespace: namespacesOf(stack).platform },
          syncPolicy: {
            automated,
            retry,
            syncOptions: [
              'ServerSideApply=true',
              'ApplyOutOfSyncOnly=true',
              'RespectIgnoreDifferences=true',
              'CreateNamespace=false',
            ],
          },
        },
      },
    },
  }
}
