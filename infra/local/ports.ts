import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

// At and above this Linux hands out ports to passing client sockets, which may hold the one a server wants.
const ephemeralFrom = 32_768
const forTests = { from: 20_000, below: 32_000, attempts: 500 }

/**
 * The preferred loopback port, or the next one upward that can be bound and is not in `taken`
 * (ports promised to others but not bound yet). Below 32768.
 */
export async function freePort(preferred: number, taken: ReadonlySet<number> = new Set()) {
  for (let port = preferred; port < ephemeralFrom; port++) {
    if (!taken.has(port) && (await canBind(port))) return port
  }
  throw new Error(
    `No free port from ${preferred} to ${ephemeralFrom - 1}: stop something that listens there.`,
  )
}

/** `count` different free ports for a test, chosen at random so that test files side by side do not collide. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>()
  for (let attempt = 0; found.size < count && attempt < forTests.attempts; attempt++) {
    const port = randomInt(forTests.from, forTests.below)
    if (!found.has(port) && (await canBind(port))) found.add(port)
  }
  if (found.size < count) {
    throw new Error(`Found no ${count} free ports from ${forTests.from} to ${forTests.below}.`)
  }
  return [...found]
}

function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () =>
      server.close(() => resolve(true)),
    )
  })
}
