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
  /**
   * Makes the first connection stand still whose client sends these texts, one after the other (case-insensitive).
   * @param last `arrives`: the server has the last of them, and its reply goes nowhere; `lost`: it never gets it
   * @returns resolves when it stands still
   */
  standStill(texts: readonly string[], last: 'arrives' | 'lost'): Promise<void>
  mend(): void
  close(): Promise<void>
}

export async function startProxy(to: number): Promise<Proxy> {
  const state: State = { silent: false, cutAfter: '', closed: false, still: undefined }
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
    const still = stillness(state)
    client.on('data', (bytes) => {
      if (state.silent || still.stands()) return
      const text = bytes.toString('latin1').toLowerCase()
      cut ||= state.cutAfter !== '' && text.includes(state.cutAfter)
      if (still.passes(text)) upstream.write(bytes)
    })
    upstream.on('data', (bytes) => {
      state.closed ||= cut
      if (cut) client.destroy()
      else if (still.answers()) client.write(bytes)
    })
    client.on('close', () => upstream.end())
    upstream.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    silent: (on) => void (state.silent = on),
    cutRepliesAfter: (text) => void (state.cutAfter = text),
    standStill: (texts, last) => {
      const stands = Promise.withResolvers<void>()
      state.still = { texts: texts.map((text) => text.toLowerCase()), last, stands }
      return stands.promise
    },
    mend: () => void Object.assign(state, { cutAfter: '', closed: false, still: undefined }),
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface State {
  silent: boolean
  cutAfter: string
  closed: boolean
  still: Still | undefined
}

interface Still {
  readonly texts: readonly string[]
  readonly last: 'arrives' | 'lost'
  readonly stands: PromiseWithResolvers<void>
}

/** One connection’s part in standing still. */
function stillness(state: State) {
  let sent = 0
  let mine: Still | undefined
  return {
    stands: () => mine !== undefined,
    /** Whether what the client sends goes on. */
    passes: (text: string): boolean => {
      const wanted = state.still
      if (wanted === undefined) return true
      while (sent < wanted.texts.length && text.includes(wanted.texts[sent] ?? '')) sent += 1
      if (sent < wanted.texts.length) return true
      mine = wanted
      state.still = undefined
      if (mine.last === 'lost') mine.stands.resolve()
      return mine.last === 'arrives'
    },
    /** Whether what the server says goes on. */
    answers: (): boolean => {
      mine?.stands.resolve()
      return mine === undefined
    },
  }
}
