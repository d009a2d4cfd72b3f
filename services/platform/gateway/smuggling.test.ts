import anyTest, { type TestFn } from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { front, type Front } from './testing.ts'

const test = anyTest as TestFn<Front>

test.before(async (t) => {
  t.context = await front(await testServers('redis'))
})
test.after.always((t) => t.context.stop?.())

const chunk = '0\r\n\r\n'
/** Requests that two servers could read differently: head, then body. */
const ambiguous: Readonly<Record<string, string>> = {
  'two Host headers': 'GET /echo/open HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
  'another host in absolute form': 'GET http://evil/echo/open HTTP/1.1\r\nHost: x\r\n\r\n',
  'an authority': 'GET x:80 HTTP/1.1\r\nHost: x\r\n\r\n',
  'Transfer-Encoding in HTTP/1.0': `POST /echo/items HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`,
  'both lengths': `POST /echo/items HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`,
  'two lengths':
    'POST /echo/items HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
  'a signed length': 'POST /echo/items HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc',
  'no Host header': 'GET /echo/open HTTP/1.1\r\n\r\n',
  'two codings': `POST /echo/items HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n${chunk}`,
  'an expectation that nobody meets':
    'POST /echo/items HTTP/1.1\r\nHost: x\r\nExpect: x\r\nContent-Length: 0\r\n\r\n',
  'a tunnel': 'CONNECT evil:443 HTTP/1.1\r\nHost: evil:443\r\n\r\n',
  'an unknown coding': `POST /echo/items HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n${chunk}`,
  'space before the colon': `POST /echo/items HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n${chunk}`,
  'a folded header': 'GET /echo/open HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n b\r\n\r\n',
  'a bare line feed': 'GET /echo/open HTTP/1.1\nHost: x\n\n',
  'NUL in a header': 'GET /echo/open HTTP/1.1\r\nHost: x\r\nX-A: \x00\r\n\r\n',
  'a fragment': 'GET /echo/open#x HTTP/1.1\r\nHost: x\r\n\r\n',
  'a backslash': 'GET /echo\\open HTTP/1.1\r\nHost: x\r\n\r\n',
  'a header that is too large': `GET /echo/open HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`,
  'a very long path': `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
}

for (const [name, bytes] of Object.entries(ambiguous))
  test.serial(
    `${name} is refused, and what follows on the connection is not served by mistake`,
    async (t) => {
      const { raw, behind } = t.context
      const before = behind.seen.length
      const answer = await raw(
        `${bytes}GET /echo/open?marker HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      )
      t.regex(answer, /^HTTP\/1.1 4\d\d /)
      t.regex(answer, /x-request-id: /i)
      const markers = behind.seen.slice(before)
      t.true(markers.every((one) => one.url === '/echo/open?marker'))
      t.true(markers.length <= 1)
    },
  )

test.serial('requests that are pipelined get their own answers in order', async (t) => {
  const one = (n: number, close = ''): string =>
    `GET /echo/open?n=${n} HTTP/1.1\r\nHost: x\r\n${close}\r\n`
  const answer = await t.context.raw(one(1) + one(2) + one(3, 'Connection: close\r\n'))
  t.deepEqual(
    [...answer.matchAll(/"url":"\/echo\/open\?n=(\d)"/g)].map((match) => match[1]),
    ['1', '2', '3'],
  )
})

test.serial('CONNECT and TRACE are refused, two credentials are 401', async (t) => {
  const { raw, reader } = t.context
  t.notRegex(await raw('CONNECT evil:443 HTTP/1.1\r\nHost: evil:443\r\n\r\n'), /^HTTP\/1.1 2/)
  t.regex(await raw('TRACE /echo/open HTTP/1.1\r\nHost: x\r\n\r\n'), /^HTTP\/1.1 405 /)
  const twice = `Authorization: ${reader['authorization']}\r\n`.repeat(2)
  t.regex(await raw(`GET /echo/hello HTTP/1.1\r\nHost: x\r\n${twice}\r\n`), /^HTTP\/1.1 401 /)
})
