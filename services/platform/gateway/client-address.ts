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

/** What a limiter counts as one client: an IPv4 address, or the /64 that an IPv6 user can rotate through. */
export function limitKeyOf(address: string): string {
  if (isIP(address) !== 6) return address
  const [head = '', tail] = address.toLowerCase().split('%')[0]?.split('::') ?? []
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right]
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}

const plain = (address: string): string =>
  address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address
