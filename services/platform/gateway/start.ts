import { createVerifier } from '../../kit/auth.ts'
import type { Start } from '../../kit/boot.ts'
import { createApp, listenApp, routed } from '../../kit/http.ts'
import { redis as connect } from '../../kit/redis.ts'
import { route, type Api } from '../../model/route.ts'
import { frontedOf, type Topology } from '../../model/topology.ts'
import { topology } from '../../topology.ts'
import { limits } from '../stores.ts'
import { api } from './api.ts'
import { fronted } from './fronted.ts'
import { gate, type Owner } from './gate.ts'
import { gatewayHeader } from './headers.ts'
import { routeTable } from './route-table.ts'
import { handlers } from './routes.ts'
import type gateway from './service.ts'
import { upstreamUrls } from './upstreams.ts'

/** The document that the kit serves for every api. */
const documents: Api = {
  openapi: route('GET /openapi.json', { summary: 'This document.', access: 'public', answers: {} }),
}

/** A gateway in front of these services. */
export const gatewayTo =
  (all: Pick<Topology, 'services'>): Start<typeof gateway> =>
  async (context) => {
    const behind = frontedOf(all)
    const urls = upstreamUrls(context, behind)
    // Without it each route's limit does what it declares, so the gateway is ready.
    const redis = await connect(context, limits, { vital: false })
    const owned = behind.flatMap((service) => {
      const { name, edge } = service
      if (!edge) return []
      const parts = { service, edge, urls: urls.get(name) ?? [], redis }
      return [{ owner: fronted(context, parts) as Owner, api: service.api, ...edge }]
    })
    const own = { owner: 'own' as const, api: { ...api, ...documents }, prefixes: [''], base: '' }
    const app = createApp(context)
    app.use(
      gate(context, { table: routeTable([...owned, own]), verifier: createVerifier(context) }),
    )
    app.use(routed(context, api, handlers(behind)))
    const listening = await listenApp(context, app, gatewayHeader)
    // Node would refuse a request without Host itself; `refuseAmbiguous` does it with an id.
    Object.assign(listening.server, { requireHostHeader: false })
    return listening
  }

export const start = gatewayTo(topology)
