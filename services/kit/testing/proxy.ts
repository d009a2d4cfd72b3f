import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A wire between a client and a server on loopback that a test can disturb. */
export interface Proxy {
  readonly port: number
  /** Accepts and passes nothing on. */
  silent(on: boolean): void
  /**
   * Passes bytes with this text (case-insensitive) to the server, drops the connection instead of its reply, and takes
   * no other until it is mended.
   */
  cutRepliesAfter(text: string): void
  mend(): void
  close(): Promise<void>
}

export async function startProxy(to: number): Promise<Proxy> {
  const state = { silent: false, cutAfter: '', closed: false }
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    if (state.closed) return void client.destroy()
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
    upstream.on('data', (bytes) => {
      state.closed ||= cut
      if (cut) client.destroy()
      else client.write(bytes)
    })
    client.on('close', () => upstream.end())
    upstream.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    silent: (on) => void (state.silent = on),
    cutRepliesAfter: (text) => void (state.cutAfter = text),
    mend: () => void Object.assign(state, { cutAfter: '', closed: false }),
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
