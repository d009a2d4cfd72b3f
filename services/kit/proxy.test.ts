import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { kafkaRequest } from './testing/kafka-wire.ts'
import { executed } from './testing/mariadb-wire.ts'
import { startProxy } from './testing/proxy.ts'
import { until } from './testing/until.ts'

/** A wire to a server that writes down what came and answers with the same. */
async function wired(t: ExecutionContext) {
  const came: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      came.push(bytes.toString())
      socket.write(bytes)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const wire = await startProxy((server.address() as AddressInfo).port)
  t.teardown(async () => {
    await wire.close()
    server.close()
  })
  const client = async () => {
    const socket = connect(wire.port, '127.0.0.1')
    const heard = { text: '', ended: '' }
    socket.on('data', (bytes) => (heard.text += bytes.toString()))
    socket.on('error', (error: NodeJS.ErrnoException) => (heard.ended = error.code ?? ''))
    socket.on('close', () => (heard.ended ||= 'closed'))
    await once(socket, 'connect')
    t.teardown(() => void socket.destroy())
    return {
      heard,
      say: (text: string) => void socket.write(text),
      leave: () => void socket.destroy(),
    }
  }
  return { wire, came, client }
}

test('what is slow comes late, and in order, also when it is mended meanwhile', async (t) => {
  const { wire, came, client } = await wired(t)
  const { heard, say } = await client()
  const began = performance.now()
  wire.slow(150)
  say('one ')
  await until('it comes', () => came.length === 1)
  t.true(performance.now() - began >= 149)
  say('two ')
  await until('the wire has it', () => performance.now() - began > 200)
  wire.mend()
  say('three')
  await until('all', () => heard.text === 'one two three')
})

test('a reset ends every connection at once, and new ones are taken', async (t) => {
  const { wire, client } = await wired(t)
  const [first, second] = [await client(), await client()]
  first.say('a')
  await until('an answer', () => first.heard.text === 'a')
  wire.reset()
  await until('both are reset', () =>
    [first, second].every(({ heard }) => heard.ended === 'ECONNRESET'),
  )
  const third = await client()
  third.say('b')
  await until('an answer', () => third.heard.text === 'b')
  t.is(third.heard.ended, '')
})

test('the reply to a marked write is lost though it came, and others go on', async (t) => {
  const { wire, came, client } = await wired(t)
  wire.cutRepliesAfter('commit', 'taken')
  const [writer, other] = [await client(), await client()]
  writer.say('COMMIT')
  await until('the cut', () => writer.heard.ended !== '')
  t.is(writer.heard.text, '')
  t.deepEqual(came, ['COMMIT'])
  other.say('select')
  await until('an answer', () => other.heard.text === 'select')
  const next = await client()
  next.say('begin')
  await until('an answer', () => next.heard.text === 'begin')
})

test('what is held back arrives late though its client is gone, and others are not', async (t) => {
  const { wire, came, client } = await wired(t)
  wire.holdBack('pay', 200)
  const [late, other] = [await client(), await client()]
  const began = performance.now()
  late.say('PAY')
  await until('the wire has it', () => performance.now() - began > 50)
  late.leave()
  other.say('pay again')
  await until('an answer', () => other.heard.text === 'pay again')
  t.deepEqual(came, ['pay again'])
  await until('it comes', () => came.length === 2)
  t.deepEqual(came, ['pay again', 'PAY'])
  t.true(performance.now() - began >= 199)
})

test('of several marks the last one counts, after those before it on the same connection', async (t) => {
  const { wire, came, client } = await wired(t)
  wire.cutRepliesAfter(['insert', 'commit'], 'taken')
  const [writer, other] = [await client(), await client()]
  other.say('COMMIT')
  await until('an answer', () => other.heard.text === 'COMMIT')
  writer.say('INSERT')
  await until('an answer', () => writer.heard.text === 'INSERT')
  writer.say('COMMIT')
  await until('the cut', () => writer.heard.ended !== '')
  t.deepEqual(came, ['COMMIT', 'INSERT', 'COMMIT'])
})

test('requests to Kafka are known by their keys', (t) => {
  const request = Buffer.alloc(20)
  request.writeInt16BE(8, 4)
  t.true(kafkaRequest('OffsetCommit')(request))
  t.false(kafkaRequest('Produce')(request))
  t.false(kafkaRequest('Produce')(Buffer.alloc(3)))
})

test('the execution of a statement that was just prepared is known, in one piece with it or not', (t) => {
  const execute = Buffer.from([10, 0, 0, 0, 0x17, 0xff, 0xff, 0xff, 0xff, 0, 1, 0, 0, 0])
  t.true(executed(execute))
  t.true(executed(Buffer.concat([Buffer.from('....\x16insert into t values (?)'), execute])))
  t.false(executed(Buffer.from('....\x16insert into t values (?)')))
})
