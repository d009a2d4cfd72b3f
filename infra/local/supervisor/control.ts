import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Fleet } from './fleet.ts'
import type { ProcessSpec } from './spec.ts'

interface Asked {
  readonly spec?: ProcessSpec
  readonly replace?: boolean
  readonly names?: readonly string[]
}

/**
 * Lets the command line ask for things: loopback HTTP, for a socket's path could grow too long (108 bytes), and
 * a token that only the owner of the state folder can read.
 */
export async function serveControl(all: Fleet, token: string, leave: () => void) {
  const answers: Record<string, (asked: Asked) => Promise<unknown>> = {
    'GET /processes': async () => all.statuses(),
    'POST /start': async ({ spec, replace = false }) =>
      spec === undefined ? undefined : all.start(spec, replace),
    'POST /restart': async ({ names = [] }) => all.restart(names),
    'POST /stop': async ({ names = [] }) => all.stop(names),
    'POST /leave': async () => leave(),
  }
  const server = createServer((request, response) => {
    const answer = answers[`${request.method} ${request.url}`]
    const allowed = request.headers.authorization === `Bearer ${token}`
    const work = allowed && answer ? body(request).then(answer) : Promise.reject(new Error('no'))
    work.then(
      (value) => response.writeHead(200).end(JSON.stringify(value ?? null)),
      (error: Error) => response.writeHead(allowed ? 500 : 401).end(JSON.stringify(error.message)),
    )
  })
  // A stop waits for engines that take their time.
  server.requestTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, url: urlOf(server) }
}

async function body(request: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  return text === '' ? {} : (JSON.parse(text) as Asked)
}

const urlOf = (server: Server): string =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}`
