import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'

/** What Alertmanager told about one alert. */
export interface Notice {
  readonly status: 'firing' | 'resolved'
  readonly labels: Readonly<Record<string, string>>
  /** When it was told, epoch milliseconds. */
  readonly at: number
}

/** A receiver of alerts, as somebody's pager is. */
export interface Receiver {
  readonly url: string
  /** In the order in which they came. */
  readonly notices: readonly Notice[]
  close(): Promise<void>
}

/** https://prometheus.io/docs/alerting/latest/configuration/#webhook_config, version 4 */
const message = z.object({
  alerts: z.array(
    z.object({ status: z.enum(['firing', 'resolved']), labels: z.record(z.string(), z.string()) }),
  ),
})

/** Listens on loopback, on a free port. */
export async function receiver(): Promise<Receiver> {
  const notices: Notice[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const told = message.safeParse(jsonOf(Buffer.concat(chunks).toString()))
      for (const alert of told.data?.alerts ?? []) notices.push({ ...alert, at: Date.now() })
      response.writeHead(told.success ? 200 : 400).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    notices,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
