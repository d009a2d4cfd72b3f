import { createServer, ServerResponse, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A listening HTTP server. */
export interface Listening {
  readonly url: string
  readonly port: number
  readonly server: Server
  /** No new connections, `Connection: close` on what is answered from now on, idle sockets closed; waits for the rest. */
  close(): Promise<void>
}

/** Server limits (reliability baseline §6): slow clients are cut, keep-alive outlives a load balancer's 60 s. */
const limits = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 65_000,
  // Node looks at the limits above every 30 s by default, so a slow client would be cut after 45 s.
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 16_384,
}

/**
 * Clients of the platform close a connection that was idle for this long. Whoever serves and leaves says `Connection:
 * close` on every answer for longer than that first (`DRAIN_MS`): then no connection is open that it would have to cut,
 * and a request that was just sent on it cannot be lost.
 */
export const idleConnectionMs = 1000

/**
 * Listens on `host:port`; port 0 takes a free one.
 * @param leaving whether answers are the last ones of their connections; no by default
 * @throws Error when the port is taken
 */
export async function listen(
  handler: RequestListener,
  at: { host: string; port: number },
  leaving: () => boolean = () => false,
): Promise<Listening> {
  let closing = false
  // Asked when the head is written, and so also of answers that were on their way: their client would send its next
  // request there. A set of them kept 7 % of what a proxy allocates past V8's quick collections.
  class Answer extends ServerResponse {
    override writeHead(...head: [number, ...never[]]): this {
      this.shouldKeepAlive &&= !closing && !leaving()
      return super.writeHead(...head)
    }
  }
  const options = { ...limits, requireHostHeader: true, ServerResponse: Answer }
  const server = createServer(options, handler)
  server.maxRequestsPerSocket = 10_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(at.port, at.host, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://${at.host === '0.0.0.0' ? '127.0.0.1' : at.host}:${port}`,
    server,
    close: () => {
      closing = true
      return closeServer(server)
    },
  }
}

/** `server.close()` alone keeps serving keep-alive sockets, so idle ones are closed again and again until none is left. */
async function closeServer(server: Server): Promise<void> {
  const sweep = setInterval(() => server.closeIdleConnections(), 50)
  try {
    await new Promise<void>((resolve, reject) => {
      server.close((error) => (error ? reject(error) : resolve()))
      server.closeIdleConnections()
    })
  } finally {
    clearInterval(sweep)
  }
}
