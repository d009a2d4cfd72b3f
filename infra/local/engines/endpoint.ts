import { request } from 'undici'
import type { Site, Supply, Workshop } from './engine.ts'

const answerWithinMs = 2_000

/** The user's own server out of a variable like `MARU_REDIS_ADDRESS`, as `host:port` or as a URL. */
export function addressed(workshop: Workshop, variable: string): Supply | undefined {
  const address = workshop.env[variable]
  if (address === undefined || address === '') return undefined
  if (!URL.canParse(withScheme(address)) || new URL(withScheme(address)).port === '') {
    throw new Error(`${variable} is "${address}": give it as host:port or as a URL with a port.`)
  }
  return { from: 'address', reason: `given by ${variable}`, version: 'unknown', address }
}

/** Where clients reach it: the user's address, or our loopback port. */
export function endpoint(site: Site, port = 'main') {
  const { address } = site.supply
  if (address === undefined) {
    return { host: '127.0.0.1', port: portOf(site, port), user: undefined, password: undefined }
  }
  const url = new URL(withScheme(address))
  return {
    host: url.hostname,
    port: Number(url.port),
    user: url.username === '' ? undefined : decodeURIComponent(url.username),
    password: url.password === '' ? undefined : decodeURIComponent(url.password),
  }
}

export function portOf(site: Site, name = 'main'): number {
  const port = site.ports[name]
  if (port === undefined) throw new Error(`${site.name} was given no port named "${name}".`)
  return port
}

/** GETs a path of the engine and returns the body; rejects unless the status is 200. */
export async function ask(site: Site, path: string): Promise<string> {
  const { host, port } = endpoint(site)
  const limits = { headersTimeout: answerWithinMs, bodyTimeout: answerWithinMs }
  const { statusCode, body } = await request(`http://${host}:${port}${path}`, limits)
  const text = await body.text()
  if (statusCode !== 200) throw new Error(`${path} answered ${statusCode}: ${text.slice(0, 200)}`)
  return text
}

/**
 * Lets a server read its files again (`POST /-/reload`); one that does not listen yet will read them anyway.
 * @throws Error with the answer when it does not take them
 */
export async function reload(site: Site): Promise<void> {
  const { host, port } = endpoint(site)
  const signal = AbortSignal.timeout(answerWithinMs)
  const options = { method: 'POST', signal } as const
  const answer = await request(`http://${host}:${port}/-/reload`, options).catch(() => undefined)
  const text = (await answer?.body.text()) ?? ''
  if (answer?.statusCode === 500) throw new Error(`${site.name} refuses its files: ${text.trim()}`)
}

const withScheme = (address: string) => (address.includes('://') ? address : `tcp://${address}`)
