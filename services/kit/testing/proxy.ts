import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A wire between a client and a server on loopback that a test can disturb. */
export interface Proxy {
  readonly port: number
  /** Accepts and passes nothing on. */
  silent(on: boolean): void
  /** Passes bytes with this text (case-insensitive) to the server, then drops the connection instead of its reply. */
  cutRepliesAfter(text: string): void
  close(): Promise<void>
}

export async function startProxy(to: number): Promise<Proxy> {
  const state = { silent: false, cutAfter: '' }
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(to, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    let cut = false
    client.on('data', (bytes) => {
      if (state.silent) return
      cut ||=
        state.cutAfter !== '' && bytes.toString('latin1').toLowerCase().includes(state.cutAfter)
      upstream.write(bytes)
    })
    upstream.on('data', (bytes) => (cut ? client.destroy() : client.write(bytes)))
    client.on('close', () => upstream.end())
    upstream.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    silent: (on) => void (state.silent = on),
    cutRepliesAfter: (text) => void (state.cutAfter = text),
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
