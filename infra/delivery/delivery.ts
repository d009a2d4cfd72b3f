import * as pulumi from '@pulumi/pulumi'
import { operatorNamed } from '../foundation/operator-table.ts'
import { release } from '../foundation/operators.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { register } from '../kubernetes/registered.ts'
import type { StackContext } from '../workloads/stack-context.ts'
import { rootApplication } from './applications.ts'
import { argocdSettings, notificationSettings } from './argocd-settings.ts'
import { projectObjects } from './projects.ts'

/** How a stack is delivered. */
export interface DeliveryArgs {
  /** Where `delivery` is `pulumi`, the projects are there and no application is. */
  readonly context: StackContext
}

/** What Pulumi makes for Argo CD: the projects, and the root application where Argo CD delivers. */
export const deliveryObjects = (context: StackContext): readonly KubernetesObject[] => [
  ...projectObjects(context),
  ...(context.settings.delivery === 'gitops' ? [rootApplication(context.settings)] : []),
]

/** Argo CD, unless the cluster has one, with its projects and the stack's root application. */
export class Delivery extends pulumi.ComponentResource {
  constructor(name: string, { context }: DeliveryArgs, options: pulumi.ComponentResourceOptions) {
    super('maru:delivery:Delivery', name, {}, options)
    const dependsOn = context.settings.operators === 'install' ? [this.install(context)] : []
    for (const object of deliveryObjects(context)) register(object, { parent: this, dependsOn })
    this.registerOutputs({})
  }

  private install({ settings }: StackContext): pulumi.Resource {
    const row = operatorNamed('argocd')
    const values = {
      ...row.values,
      configs: { cm: argocdSettings(settings) },
      notifications: notifierOf(notificationSettings(settings)),
    }
    return release({ ...row, values }, settings, { parent: this })
  }
}

/** The chart wants services, templates and triggers apart. */
function notifierOf(all: Readonly<Record<string, string>>) {
  const part = (prefix: string) =>
    Object.fromEntries(Object.entries(all).filter(([key]) => key.startsWith(prefix)))
  return { notifiers: part('service.'), templates: part('template.'), triggers: part('trigger.') }
}
