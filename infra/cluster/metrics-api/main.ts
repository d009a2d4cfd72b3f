import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { api } from '../../kubernetes/api.ts'
import { addressIn } from '../../kubernetes/kubeconfig.ts'
import { answer } from './metrics.ts'

/** `main.ts KUBECONFIG CERTIFICATES PORT`: serves `metrics.k8s.io` behind the API server, on loopback. */
const [kubeconfig = '', certificates = '', port = ''] = process.argv.slice(2)
const cluster = api(addressIn(readFileSync(kubeconfig, 'utf8')))

const server = createServer(
  {
    cert: readFileSync(join(certificates, 'apiserver.crt')),
    key: readFileSync(join(certificates, 'apiserver.key')),
  },
  (incoming, response) => {
    answer(cluster, incoming.url ?? '/', new Date())
      .catch((error: Error) => ({ status: 500, body: { message: error.message } }))
      .then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' })
        response.end(JSON.stringify(body))
      })
      .catch(() => response.destroy())
  },
)
server.listen(Number(port), '127.0.0.1')
process.once('SIGTERM', () => {
  server.close()
  server.closeAllConnections()
  void cluster.close()
})
