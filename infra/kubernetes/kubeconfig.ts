import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

/** How to speak to one API server: what stands in a kubeconfig. */
export interface ApiAddress {
  readonly server: string
  readonly ca: string | undefined
  /** No certificate is checked: `insecure-skip-tls-verify`. */
  readonly trustsAnybody: boolean
  readonly token: string | undefined
  readonly certificate: { readonly cert: string; readonly key: string } | undefined
  /** `program`: a program makes the credentials, as those of cloud providers do. */
  readonly login: 'given' | 'program'
}

/**
 * The address that a kubeconfig's text gives for a context (https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/).
 * @param context the current one if empty
 * @throws Error that says what is wrong with it
 */
export function addressIn(text: string, context = ''): ApiAddress {
  const config = parsed(text)
  const name = context === '' ? (config['current-context'] ?? '') : context
  const chosen = named('context', config.contexts, name).context
  const { cluster } = named('cluster', config.clusters, chosen.cluster)
  const { user } = named('user', config.users, chosen.user)
  const cert = inline(user['client-certificate-data'], user['client-certificate'])
  const key = inline(user['client-key-data'], user['client-key'])
  return {
    server: cluster.server,
    ca: inline(cluster['certificate-authority-data'], cluster['certificate-authority']),
    trustsAnybody: cluster['insecure-skip-tls-verify'] === true,
    token: user.token ?? (user.tokenFile && readFileSync(user.tokenFile, 'utf8').trim()),
    certificate: cert !== undefined && key !== undefined ? { cert, key } : undefined,
    login: user.exec !== undefined || user['auth-provider'] !== undefined ? 'program' : 'given',
  }
}

interface Kubeconfig {
  readonly 'current-context'?: string
  readonly contexts?: readonly { name: string; context: { cluster: string; user: string } }[]
  readonly clusters?: readonly { name: string; cluster: Cluster }[]
  readonly users?: readonly { name: string; user: User }[]
}

interface Cluster {
  readonly server: string
  readonly 'certificate-authority'?: string
  readonly 'certificate-authority-data'?: string
  readonly 'insecure-skip-tls-verify'?: boolean
}

interface User {
  readonly token?: string
  readonly tokenFile?: string
  readonly 'client-certificate'?: string
  readonly 'client-certificate-data'?: string
  readonly 'client-key'?: string
  readonly 'client-key-data'?: string
  readonly exec?: object
  readonly 'auth-provider'?: object
}

function parsed(text: string): Kubeconfig {
  const config: unknown = text.trim() === '' ? null : parse(text)
  if (typeof config === 'object' && config !== null && 'clusters' in config)
    return config as Kubeconfig
  throw new Error('it is no kubeconfig (it has no clusters).')
}

function named<Item extends { name: string }>(
  what: string,
  items: readonly Item[] | undefined,
  name: string,
): Item {
  const found = items?.find((one) => one.name === name)
  if (found) return found
  const known = items?.map((one) => one.name).join(', ') || 'none'
  throw new Error(`it has no ${what} "${name}" (it has ${known}).`)
}

/** Data as it stands there, or the file that is named. */
const inline = (data: string | undefined, file: string | undefined): string | undefined =>
  data === undefined
    ? file && readFileSync(file, 'utf8')
    : Buffer.from(data, 'base64').toString('utf8')
