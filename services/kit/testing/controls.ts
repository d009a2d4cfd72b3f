import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Context } from '../context.ts'

/** What a program that is measured can be told to do; the numbers are those behind `?`. */
export type Controls = Readonly<
  Record<string, (asked: (name: string) => number) => Promise<unknown>>
>

/**
 * Lets a program of a benchmark be told what to do over HTTP, e.g. `POST /sell?seconds=8`. What comes of it is answered
 * as JSON, an error as 500 with its stack.
 */
export async function controlled({ life }: Context, controls: Controls): Promise<{ url: string }> {
  const server = createServer((message, response) => {
    const { pathname, searchParams } = new URL(message.url ?? '', 'http://bench')
    const work = controls[pathname.slice(1)]
    if (!work) return void response.writeHead(404).end()
    work((name) => Number(searchParams.get(name))).then(
      (found) => response.end(JSON.stringify(found ?? null)),
      (error: Error) => response.writeHead(500).end(String(error.stack)),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  life.onStop('work', 'controls', async () => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}
