import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { v7 as uuid } from 'uuid'
import { Problem, problemBody } from './problem.ts'

const refusals: Readonly<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: new Problem(431, 'HEADERS_TOO_LARGE', 'The headers are too large.'),
  ERR_HTTP_REQUEST_TIMEOUT: new Problem(408, 'REQUEST_TIMEOUT', 'The request came too slowly.'),
}
const noTunnel = new Problem(
  405,
  'METHOD_NOT_ALLOWED',
  'This is no proxy: CONNECT is not answered.',
)
const noExpectation = new Problem(417, 'EXPECTATION_FAILED', 'Only 100-continue can be expected.')
const malformed = new Problem(400, 'BAD_REQUEST', 'This is not a well-formed HTTP request.')

/**
 * Requests that Node refuses never reach the application; their answers get a body and an id here.
 * @param headers that all answers of the server have
 */
export function answerRefused(server: Server, headers: Readonly<Record<string, string>>): void {
  const refuse = (socket: Duplex, problem: Problem): void =>
    void socket.end(refusal(problem, headers))
  server.on('connect', (_request, socket) => refuse(socket, noTunnel))
  server.on('checkExpectation', ({ socket }) => refuse(socket, noExpectation))
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Node's own handler looks at the same fields: an answer that has begun must not be written into.
    const { _httpMessage: answer } = socket as Socket & { _httpMessage?: { _headerSent?: boolean } }
    if (!socket.writable || error.code === 'ECONNRESET' || answer?._headerSent)
      return void socket.destroy()
    refuse(socket, refusals[error.code ?? ''] ?? malformed)
  })
}

function refusal(problem: Problem, headers: Readonly<Record<string, string>>): string {
  const requestId = uuid()
  const about = problemBody(problem, { path: '', requestId, traceId: '' })
  const body = JSON.stringify(about)
  return [
    `HTTP/1.1 ${problem.status} ${about.title}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    'connection: close',
    '',
    body,
  ].join('\r\n')
}
