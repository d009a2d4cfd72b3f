import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

/**
 * Address of the client: the socket's, or what the outermost of `hops` trusted proxies saw. Entries that a client
 * wrote itself stand further left and are never read.
 */
export function clientAddress({ socket, headers }: IncomingMessage, hops: number): string {
  const direct = socket.remoteAddress ?? 'unknown'
  const chain = headers['x-forwarded-for']
  if (hops === 0 || chain === undefined) return plain(direct)
  const entries = String(chain).split(',')
  const told = (entries[entries.length - hops] ?? entries[0] ?? '').trim()
  return plain(isIP(told) ? told : direct)
}

const plain = (address: string): string =>
  address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address
