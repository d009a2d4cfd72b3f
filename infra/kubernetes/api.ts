import { Agent, request } from 'undici'
import type { ApiAddress } from './kubeconfig.ts'
import { identityOf, type KubernetesObject } from './object.ts'

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
  /** What the server warns of, e.g. a rule that is not enforced. */
  readonly warnings: readonly string[]
}

const manager = 'maru'
const withinMs = 15_000

/** Connects to an API server; nothing is sent before the first call. */
export function api(address: ApiAddress): Api {
  const dispatcher = new Agent({
    connect: {
      ca: address.ca,
      rejectUnauthorized: !address.trustsAnybody,
      ...address.certificate,
    },
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
    return {
      status: answer.statusCode,
      body: parsed(text),
      warnings: [answer.headers['warning'] ?? []].flat(),
    }
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
