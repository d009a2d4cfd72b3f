import { startProxy, type Proxy } from './proxy.ts'

/** Keys of requests: https://kafka.apache.org/protocol#protocol_api_keys */
const apiKeys = { Produce: 0, Fetch: 1, OffsetCommit: 8, JoinGroup: 11 } as const

/** Bytes that begin with such a request: behind four bytes of length; a client writes each request by itself. */
export const kafkaRequest =
  (name: keyof typeof apiKeys) =>
  (bytes: Buffer): boolean =>
    bytes.length >= 8 && bytes.readInt16BE(4) === apiKeys[name]

/** A wire to the one broker on this machine, which tells its clients the wire's address as the broker's own. */
export const kafkaWire = (to: number): Promise<Proxy> =>
  startProxy(to, (bytes, port) => replaced(bytes, brokerAt(to), brokerAt(port)))

/** How brokers are told in answers: the host with its length, and the port. */
function brokerAt(port: number): Buffer {
  const host = '127.0.0.1'
  const bytes = Buffer.alloc(2 + host.length + 4)
  bytes.writeInt16BE(host.length)
  bytes.write(host, 2, 'latin1')
  bytes.writeInt32BE(port, 2 + host.length)
  return bytes
}

/** Both have one length, so the lengths around them stay true. */
function replaced(bytes: Buffer, from: Buffer, to: Buffer): Buffer {
  if (!bytes.includes(from)) return bytes
  const copy = Buffer.from(bytes)
  for (let at = copy.indexOf(from); at >= 0; at = copy.indexOf(from, at + 1)) to.copy(copy, at)
  return copy
}
