import * as pulumi from '@pulumi/pulumi'
import type { KubernetesObject } from './object.ts'

/** What a program asked Pulumi for. */
export interface Registered {
  readonly type: string
  readonly name: string
  /** Its inputs; of Kubernetes' kinds the object itself. */
  readonly inputs: Readonly<Record<string, unknown>>
}

/** Runs part of a program with nobody behind Pulumi. @returns what was asked for, in order */
export async function registeredBy(
  stack: string,
  program: () => unknown,
): Promise<readonly Registered[]> {
  const asked: Registered[] = []
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        asked.push({ type, name, inputs: inputs as Registered['inputs'] })
        // What Docker's resources would answer.
        return { id: `${name}-id`, state: { ...(inputs as object), ref: 'image@sha256:0' } }
      },
      call: ({ inputs }) => ({ ...(inputs as object), sha256Digest: 'sha256:0' }),
    },
    'maru',
    stack,
  )
  program()
  await pulumi.runtime.disconnect(false)
  return asked
}

/** Charts aside, what is in the cluster afterwards. */
export const isObject = ({ type }: Registered): boolean =>
  type.startsWith('kubernetes:') && !isRelease({ type })

export const isRelease = ({ type }: Pick<Registered, 'type'>): boolean => type.endsWith(':Release')

export const objectOf = ({ inputs }: Registered): KubernetesObject =>
  inputs as unknown as KubernetesObject
