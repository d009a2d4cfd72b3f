import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { slowLane } from './slow-lane.ts'

/** What is recognised among the bytes of a client: a text, whatever its case, or whatever a function finds. */
export type Mark = string | ((bytes: Buffer) => boolean)

/** A wire between a client and a server on loopback that can be disturbed. */
export interface Proxy {
  readonly port: number
  /** Accepts and passes nothing on. */
  silent(on: boolean): void
  /**
   * Passes bytes with this mark, or the last of these, to the server and drops the connection instead of its reply.
   * @param others `refused`: no connection is taken until it is mended, the default; `taken`: they go on as before
   */
  cutRepliesAfter(marks: Mark | readonly Mark[], others?: 'refused' | 'taken'): void
  /**
   * Makes the first connection stand still whose client sends these marks, one after the other.
   * @param last `arrives`: the server has the last of them, and its reply goes nowhere; `lost`: it never gets it
   * @returns resolves when it stands still
   */
  standStill(marks: readonly Mark[], last: 'arrives' | 'lost'): Promise<void>
  /**
   * What a client sends from this mark on arrives so many milliseconds later, also when the client is gone by then: on
   * the next connection that sends it.
   */
  holdBack(mark: Mark, ms: number): void
  /** Resets every connection that is open, to both sides. */
  reset(): void
  /** Whatever is sent from now on arrives so many milliseconds later, in each direction. */
  slow(ms: number): void
  mend(): void
  close(): Promise<void>
}

/**
 * @param to port of the server
 * @param said what clients are told instead of what the server said, e.g. this wire's address for its own
 */
export async function startProxy(
  to: number,
  said: (bytes: Buffer, port: number) => Buffer = (bytes) => bytes,
): Promise<Proxy> {
  const state: State = { ...well, silent: false }
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    if (state.closed) return void client.destroy()
    const upstream = connect(to, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    join(state, { client, upstream, said: (bytes) => said(bytes, portOf()) })
  })
  const portOf = (): number => (server.address() as AddressInfo).port
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: portOf(),
    silent: (on) => void (state.silent = on),
    cutRepliesAfter: (marks, others = 'refused') =>
      void Object.assign(state, { cutAfter: [marks].flat(), others }),
    standStill: (marks, last) => {
      const stands = Promise.withResolvers<void>()
      state.still = { marks: [...marks], last, stands }
      return stands.promise
    },
    holdBack: (mark, ms) => void (state.late = { mark, ms }),
    reset: () => sockets.forEach((socket) => socket.resetAndDestroy()),
    slow: (ms) => void (state.slowMs = ms),
    mend: () => void Object.assign(state, well),
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface State {
  silent: boolean
  cutAfter: readonly Mark[] | undefined
  others: 'refused' | 'taken'
  closed: boolean
  still: Still | undefined
  late: { readonly mark: Mark; readonly ms: number } | undefined
  slowMs: number
}

const well: Omit<State, 'silent'> = {
  cutAfter: undefined,
  others: 'refused',
  closed: false,
  still: undefined,
  late: undefined,
  slowMs: 0,
}

interface Ends {
  readonly client: Socket
  readonly upstream: Socket
  said(bytes: Buffer): Buffer
}

/** Passes on what both ends say, as the state of the wire allows. */
function join(state: State, { client, upstream, said }: Ends): void {
  let lateMs = 0
  const there = slowLane(() => Math.max(lateMs, state.slowMs))
  const back = slowLane(() => state.slowMs)
  const still = stillness(state)
  const sends = sequence()
  let cut = false
  client.on('data', (bytes) => {
    if (state.silent || still.stands()) return
    cut ||= sends(state.cutAfter, bytes)
    if (state.late && has(bytes, state.late.mark)) {
      lateMs = state.late.ms
      state.late = undefined
    }
    if (still.passes(bytes)) there(() => upstream.write(bytes))
  })
  upstream.on('data', (bytes) => {
    state.closed ||= cut && state.others === 'refused'
    if (cut) client.destroy()
    else if (still.answers()) back(() => client.write(said(bytes)))
  })
  client.on('close', () => there(() => upstream.end()))
  upstream.on('close', () => back(() => client.destroy()))
}

const has = (bytes: Buffer, mark: Mark): boolean =>
  typeof mark === 'string'
    ? bytes.toString('latin1').toLowerCase().includes(mark.toLowerCase())
    : mark(bytes)

/** One connection’s way through marks: true with the bytes of the last one. Other marks begin anew. */
function sequence(): (marks: readonly Mark[] | undefined, bytes: Buffer) => boolean {
  let wanted: readonly Mark[] | undefined
  let sent = 0
  return (marks, bytes) => {
    if (marks !== wanted) [wanted, sent] = [marks, 0]
    if (marks === undefined) return false
    while (sent < marks.length && has(bytes, marks[sent] ?? '')) sent += 1
    return sent === marks.length
  }
}

interface Still {
  readonly marks: readonly Mark[]
  readonly last: 'arrives' | 'lost'
  readonly stands: PromiseWithResolvers<void>
}

/** One connection’s part in standing still. */
function stillness(state: State) {
  const sends = sequence()
  let mine: Still | undefined
  return {
    stands: () => mine !== undefined,
    /** Whether what the client sends goes on. */
    passes: (bytes: Buffer): boolean => {
      const wanted = state.still
      if (wanted === undefined || !sends(wanted.marks, bytes)) return true
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
