import proxy from '@fastify/http-proxy'
import Fastify from 'fastify'

/** A proxy with nothing of its own. */
const { UPSTREAM = '', PORT } = process.env

const app = Fastify()
await app.register(proxy, { upstream: UPSTREAM })
await app.listen({ host: '127.0.0.1', port: Number(PORT) })
