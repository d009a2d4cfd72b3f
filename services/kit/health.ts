import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context } from './context.ts'
import { listen, type Listening } from './listen.ts'

type Page = () => Promise<{ status: number; type?: string; body: unknown }>

/**
 * The admin port: `/livez` (the process only), `/readyz` (dependencies, with reasons), `/startupz`, `/metrics`,
 * `/version`. Never routed to the public.
 */
export async function serveAdmin(context: Context): Promise<Listening> {
  const pages = adminPages(context)
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    const page = request.method === 'GET' ? pages[path] : undefined
    const { status, type, body } = page
      ? await page()
      : { status: 404, type: undefined, body: { pages: Object.keys(pages) } }
    response.writeHead(status, { 'content-type': type ?? 'application/json' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response).catch((error: unknown) => {
      context.log.error({ err: error }, 'admin page failed')
      response.writeHead(500).end()
    })
  }
  const { config } = context
  return listen(handler, { host: config.text('HOST'), port: config.number('ADMIN_PORT') })
}

function adminPages(context: Context): Record<string, Page> {
  const { life, meter, service, instance } = context
  return {
    '/livez': async () => ({ status: 200, body: { status: 'alive' } }),
    '/startupz': async () => ({
      status: life.state === 'starting' ? 503 : 200,
      body: { state: life.state },
    }),
    '/readyz': async () => {
      const checks = await life.checks()
      const ready =
        life.state === 'ready' &&
        Object.entries(checks).every(([name, result]) => result === 'ok' || !life.isVital(name))
      return { status: ready ? 200 : 503, body: { ready, state: life.state, checks } }
    },
    '/metrics': async () => ({
      status: 200,
      type: meter.registry.contentType,
      body: await meter.registry.metrics(),
    }),
    '/version': async () => ({
      status: 200,
      body: { service: service.name, instance, node: process.version, version: maruVersion() },
    }),
  }
}

/** Set in images; a checkout runs as `dev`. */
const maruVersion = (): string => process.env['MARU_VERSION'] ?? 'dev'
