import { connect } from 'node:net'
import type { Socket } from 'node:net'

const answerWithinMs = 2_000
const metadata = { apiKey: 3, apiVersion: 5 }

/**
 * How many brokers the cluster knows, by one Metadata request (https://kafka.apache.org/protocol, version 5).
 * Only the kit may import a Kafka client, and a probe has to be cheaper than one anyway.
 */
export async function countBrokers(at: { readonly host: string; readonly port: number }) {
  const socket = connect(at)
  try {
    const answer = await exchange(socket, request())
    // After the correlation id and the throttle time comes the array of brokers.
    return answer.readInt32BE(8)
  } finally {
    socket.destroy()
  }
}

function request(): Buffer {
  const client = Buffer.from('maru-probe')
  const body = Buffer.alloc(4 + 2 + 2 + 4 + 2 + client.length + 4 + 1)
  body.writeInt32BE(body.length - 4, 0)
  body.writeInt16BE(metadata.apiKey, 4)
  body.writeInt16BE(metadata.apiVersion, 6)
  body.writeInt32BE(1, 8)
  body.writeInt16BE(client.length, 12)
  client.copy(body, 14)
  // No topics are asked for (an array of none) and none is to be created (false).
  return body
}

function exchange(socket: Socket, question: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0)
    socket.setTimeout(answerWithinMs, () => reject(new Error('the broker does not answer')))
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('the broker closed the connection')))
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      const whole = received.length >= 4 && received.length >= 4 + received.readInt32BE(0)
      if (whole && received.length >= 16) resolve(received.subarray(4))
    })
    socket.write(question)
  })
}
