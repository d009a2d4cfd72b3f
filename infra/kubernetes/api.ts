import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'
import { parse } from 'yaml'
import { identityOf, type KubernetesObject } from './object.ts'

/** How to speak to one API server: what stands in a kubeconfig. */
export interface ApiAddress {
  readonly server: string
  readonly ca: string | undefined
  readonly token: string | undefined
  readonly certificate?: { readonly cert: string; readonly key: string }
}

/** A small client of the Kubernetes API, for what needs no discovery. */
export interface Api {
  /** GET, POST, … a path; the answer as it came, whatever its status. */
  call(method: Method, path: string, body?: unknown, type?: string): Promise<Answer>
  /** Server-side apply of one object. @param plural as in the URL, e.g. `deployments` @throws Error with the server's sentence */
  apply(object: KubernetesObject, plural: string): Promise<void>
  close(): Promise<void>
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

interface Answer {
  readonly status: number
  readonly body: unknown
}

const manager = 'maru'
const withinMs = 15_000

/** Connects to an API server; nothing is sent before the first call. */
export function api(address: ApiAddress): Api {
  const dispatcher = new Agent({
    connect: { ca: address.ca, ...address.certificate },
    headersTimeout: withinMs,
    bodyTimeout: withinMs,
  })
  const call: Api['call'] = async (method, path, body, type = 'application/json') => {
    const answer = await request(address.server + path, {
      method,
      dispatcher,
      headers: {
        ...(address.token !== undefined && { authorization: `Bearer ${address.token}` }),
        ...(body !== undefined && { 'content-type': type }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await answer.body.text()
    return { status: answer.statusCode, body: parsed(text) }
  }
  return {
    call,
    apply: async (object, plural) => {
      const path = `${pathOf(object, plural)}?fieldManager=${manager}&force=true&fieldValidation=Strict`
      const { status, body } = await call('PATCH', path, object, 'application/apply-patch+yaml')
      if (status >= 300)
        throw new Error(
          `${identityOf(object)} was refused: ${(body as { message?: string }).message}`,
        )
    },
    close: () => dispatcher.close(),
  }
}

/** Address in a kubeconfig's current context. @param text YAML */
export function addressIn(text: string): ApiAddress {
  const config = parse(text) as Kubeconfig
  const context = named(config.contexts, config['current-context'])?.context
  const cluster = named(config.clusters, context?.cluster)?.cluster
  const user = named(config.users, context?.user)?.user
  return {
    server: cluster?.server ?? '',
    ca:
      cluster?.['certificate-authority'] && readFileSync(cluster['certificate-authority'], 'utf8'),
    token: user?.token,
  }
}

interface Kubeconfig {
  readonly 'current-context'?: string
  readonly contexts?: readonly { name: string; context: { cluster: string; user: string } }[]
  readonly clusters?: readonly {
    name: string
    cluster: { server: string; 'certificate-authority'?: string }
  }[]
  readonly users?: readonly { name: string; user: { token?: string } }[]
}

const named = <Item extends { name: string }>(
  items: readonly Item[] | undefined,
  name: string | undefined,
): Item | undefined => items?.find((one) => one.name === name)

/** `/apis/<group>/<version>/namespaces/<namespace>/<plural>/<name>` */
function pathOf({ apiVersion, metadata }: KubernetesObject, plural: string): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const space = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`
  return `${root}${space}/${plural}/${metadata.name}`
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
