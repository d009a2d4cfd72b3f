import test, { type ExecutionContext } from 'ava'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { RequestListener } from 'node:http'
import { listen } from './listen.ts'

const at = { host: '127.0.0.1', port: 0 }

async function serving(t: ExecutionContext, handler: RequestListener) {
  const listening = await listen(handler, at)
  t.teardown(() => {
    listening.server.closeAllConnections()
    listening.server.close()
  })
  return listening
}

/** A keep-alive connection that speaks raw HTTP. */
async function keepAlive(port: number) {
  const socket = connect(port, '127.0.0.1')
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => undefined)
  await new Promise((resolve) => socket.once('connect', resolve))
  return { socket, closed, get: (path: string) => got(socket, path) }
}

function got(socket: Socket, path: string): Promise<string> {
  const answered = new Promise<string>((resolve) => {
    let text = ''
    const end = (): void => resolve(text)
    socket.on('data', (chunk) => {
      text += chunk.toString()
      if (text.endsWith('ok')) end()
    })
    socket.once('close', end)
  })
  socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
  return answered
}

test('closing completes the request in flight, then ends its connection and takes no new one', async (t) => {
  const started = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  const { port, close } = await serving(t, (incoming, response) => {
    if (incoming.url !== '/slow') return void response.end('ok')
    started.resolve()
    void finish.promise.then(() => response.end('ok'))
  })
  const busy = await keepAlive(port)
  const answered = busy.get('/slow')
  await started.promise
  const idle = await keepAlive(port)
  t.regex(await idle.get('/quick'), /keep-alive/i)

  const closing = close()
  await idle.closed
  const late = connect(port, '127.0.0.1')
  const refused = await new Promise<NodeJS.ErrnoException>((resolve) => late.once('error', resolve))
  t.is(refused.code, 'ECONNREFUSED')
  t.is(await Promise.race([closing.then(() => 'closed'), pause(100, 'waits')]), 'waits')

  finish.resolve()
  t.regex(await answered, /^HTTP\/1.1 200 /)
  await busy.closed
  await closing
})

test('a request that comes on an open connection after the closing is answered with Connection: close', async (t) => {
  const started = Promise.withResolvers<void>()
  const { port, close } = await serving(t, (incoming, response) => {
    incoming.resume()
    if (incoming.url === '/first') started.resolve()
    incoming.on('end', () => response.end('ok'))
  })
  const { socket, closed } = await keepAlive(port)
  // The head of a request is in flight when the closing begins; its answer must say that there will be no other.
  socket.write('POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n1')
  await started.promise
  const closing = close()
  let text = ''
  socket.on('data', (chunk) => (text += chunk.toString()))
  socket.write('2GET /second HTTP/1.1\r\nHost: a\r\n\r\n')
  await closed
  await closing
  t.regex(text, /^HTTP\/1.1 200 [^]*\r\nconnection: close/i)
  t.is(text.match(/HTTP\/1.1 200/g)?.length, 1)
})

test('who is about to leave says so on every answer and cuts nothing', async (t) => {
  let leaving = false
  const listening = await listen(
    (_, response) => void response.end('ok'),
    at,
    () => leaving,
  )
  t.teardown(() => listening.close())
  const { closed, get } = await keepAlive(listening.port)
  t.regex(await get('/before'), /keep-alive/i)
  const idle = await keepAlive(listening.port)
  leaving = true
  t.regex(await get('/last'), /^HTTP\/1.1 200 [^]*connection: close/i)
  await closed
  t.is(await Promise.race([idle.closed.then(() => 'cut'), pause(200, 'open')]), 'open')
  t.regex(await idle.get('/late'), /^HTTP\/1.1 200 [^]*connection: close/i)
  const after = await keepAlive(listening.port)
  t.regex(await after.get('/new'), /^HTTP\/1.1 200 /)
})

test('a client that keeps connections open does not delay the closing', async (t) => {
  const { url, close } = await serving(t, (_, response) => void response.end('ok'))
  const dispatcher = new Agent({ keepAliveTimeout: 60_000 })
  t.teardown(() => dispatcher.destroy())
  for (let round = 0; round < 3; round += 1) await (await request(url, { dispatcher })).body.text()
  const startedAt = performance.now()
  await close()
  t.true(performance.now() - startedAt < 500)
  await t.throwsAsync(request(url, { dispatcher }))
})

test('a port that is taken is an error that names it', async (t) => {
  const { port } = await serving(t, (_, response) => void response.end())
  await t.throwsAsync(
    listen(() => undefined, { ...at, port }),
    { message: new RegExp(`EADDRINUSE.*${port}`) },
  )
})

test('oversized headers and a missing host are refused', async (t) => {
  const { port, url } = await serving(t, (_, response) => void response.end('ok'))
  const { statusCode, body } = await request(url, { headers: { 'x-long': 'x'.repeat(20_000) } })
  await body.dump()
  t.is(statusCode, 431)
  const { socket, closed } = await keepAlive(port)
  let text = ''
  socket.on('data', (chunk) => (text += chunk.toString()))
  socket.write('GET / HTTP/1.1\r\n\r\n')
  await closed
  t.regex(text, /^HTTP\/1.1 400 /)
})
