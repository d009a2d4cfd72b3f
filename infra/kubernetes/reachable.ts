import { api } from './api.ts'
import { addressIn, type ApiAddress } from './kubeconfig.ts'

/** The oldest Kubernetes whose API the objects are written for. */
const oldest = { major: 1, minor: 31 }

/** The cluster cannot be used; nothing was planned. */
export class ClusterError extends Error {
  readonly code = 'ENVIRONMENT'
  constructor(sentence: string) {
    super(`${sentence} Nothing was planned.`)
    this.name = 'ClusterError'
  }
}

/**
 * Asks a cluster whether it answers, knows us, is new enough, and serves what the objects are written in. Pulumi's
 * provider would plan to replace everything in a cluster that it cannot reach.
 * @param kubeconfig its text
 * @param context its current context if empty
 * @param groups API groups that must be served, e.g. `kafka.strimzi.io`
 * @throws ClusterError naming the server and the way out
 */
export async function assertReachable(
  kubeconfig: string,
  context: string,
  groups: readonly string[],
): Promise<void> {
  const address = readAddress(kubeconfig, context)
  // A program that makes tokens is the provider's to run.
  if (address.login === 'program') return
  const server = api(address)
  try {
    const version = await ask(address, () => server.call('GET', '/version'))
    const { major = '0', minor = '0' } = version as { major?: string; minor?: string }
    const [is, least] = [Number.parseInt(minor, 10), oldest.minor]
    if (Number(major) < oldest.major || (Number(major) === oldest.major && is < least))
      throw new ClusterError(
        `${address.server} is Kubernetes ${major}.${minor}; ${oldest.major}.${least} or newer is needed.`,
      )
    const served = (await ask(address, () => server.call('GET', '/apis'))) as Groups
    const known = new Set(served.groups.map(({ name }) => name))
    const missing = groups.filter((group) => !known.has(group))
    if (missing.length > 0)
      throw new ClusterError(
        `${address.server} has no definitions of ${missing.join(', ')}: install their operators (pulumi config set operators install).`,
      )
  } finally {
    await server.close()
  }
}

interface Groups {
  readonly groups: readonly { readonly name: string }[]
}

function readAddress(kubeconfig: string, context: string): ApiAddress {
  try {
    return addressIn(kubeconfig, context)
  } catch (error) {
    throw new ClusterError(`maru:kubeconfig cannot be used: ${(error as Error).message}`)
  }
}

async function ask(
  { server }: ApiAddress,
  call: () => Promise<{ status: number; body: unknown }>,
): Promise<unknown> {
  const answer = await call().catch((error: Error & { code?: string }) => {
    throw new ClusterError(
      `${server} does not answer (${error.code ?? error.message}): is the cluster up, and is maru:kubeconfig the right one?`,
    )
  })
  if (answer.status === 401 || answer.status === 403)
    throw new ClusterError(
      `${server} does not let us in (${answer.status}): is maru:kubeconfig the right one?`,
    )
  if (answer.status !== 200)
    throw new ClusterError(`${server} answers ${answer.status}: is it a Kubernetes API?`)
  return answer.body
}
