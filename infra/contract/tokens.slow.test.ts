import { setTimeout as delay } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { decodeProtectedHeader, type JWK } from 'jose'
import { request } from 'undici'
import type { Route } from '../../services/model/route.ts'
import type { DeclaredClient, Scope } from '../../services/model/scope.ts'
import type { Service } from '../../services/model/service.ts'
import { operator } from '../../services/platform/clients.ts'
import { topology } from '../../services/topology.ts'
import { reader } from '../../services/webtoon/clients.ts'
import { constellation, type Constellation } from './testing.ts'
import { battery, forgeries, goodToken, type Battery } from './tokens.ts'

let all: Constellation

test.before(async (t) => {
  t.timeout(180_000)
  all = await constellation()
})

test.after.always(() => all?.stop())

/** A protected route, and where it can be asked. */
interface Door {
  readonly service: Service
  readonly route: Route
  readonly url: string
  readonly line: string
}

const guarded = (service: Service): readonly Route[] =>
  Object.values(service.api).filter(({ access }) => access !== 'public')

const doorsAt = (service: Service, base: string): readonly Door[] =>
  guarded(service).map((route) => ({
    service,
    route,
    url: base + route.path.replace(/:\w+/g, 'w-1'),
    line: `${service.name} ${route.method} ${route.path}`,
  }))

const direct = (): readonly Door[] =>
  topology.services.flatMap((one) => doorsAt(one, all.running.get(one)?.url ?? ''))

const behindTheGateway = (): readonly Door[] =>
  topology.services.flatMap((one) =>
    one.edge === undefined ? [] : doorsAt(one, all.gateway + one.edge.base),
  )

async function ask({ route, url }: Door, authorization: string | string[], path = '') {
  const { statusCode, body } = await request(url + path, {
    method: route.method,
    headers: { authorization, 'content-type': 'application/json' } as Record<string, string>,
    ...(route.body && { body: '[' }),
  })
  return { status: statusCode, body: await body.text() }
}

/** Every token at every door; what a client is told is the same for all of them. */
async function refusesAll(t: ExecutionContext, doors: readonly Door[], tokens: Battery) {
  for (const door of doors) {
    const answers = await Promise.all(
      [...tokens].map(async ([name, token]) => ({ name, ...(await ask(door, token)) })),
    )
    const taken = answers.filter(({ status }) => status !== 401)
    t.deepEqual(
      taken.map(({ name, status }) => `${name}: ${status}`),
      [],
      door.line,
    )
    const told = answers.map(({ body }) => (JSON.parse(body) as { detail: string }).detail)
    t.is(new Set(told).size, 1, door.line)
  }
}

/** Whose keys the bench's tokens are signed by: not those of the issuer, which verifies by its own. */
const trusting = ({ service }: Door): boolean => service.api['jwks'] === undefined

test.serial('no forged or damaged token opens a route of any service', async (t) => {
  t.timeout(180_000)
  const doors = direct().filter(trusting)
  t.true(doors.length > 10)
  await refusesAll(t, doors, battery(all.place, topology.scopes))
})

test.serial('nor does one behind the gateway', async (t) => {
  t.timeout(180_000)
  const doors = behindTheGateway().filter(trusting)
  await refusesAll(t, doors, battery(all.place, topology.scopes))
})

test.serial('nor does one made of the issuer’s own tokens open its own routes', async (t) => {
  t.timeout(180_000)
  const doors = direct().filter((door) => !trusting(door))
  t.true(doors.length > 0)
  for (const door of doors) {
    const base = all.running.get(door.service)?.url ?? ''
    const { keys } = (await json(`${base}/.well-known/jwks.json`)) as { keys: JWK[] }
    const pair = await pairOf(base, operator)
    const signing = keys.find(({ kid }) => kid === decodeProtectedHeader(pair.access_token).kid)
    await refusesAll(t, [door], forgeries(pair.access_token, signing ?? {}))
    t.is((await ask(door, `Bearer ${pair.refresh_token}`)).status, 401, door.line)
    const reading = await pairOf(base, reader)
    t.is((await ask(door, `Bearer ${reading.access_token}`)).status, 403, door.line)
    t.true((await ask(door, `Bearer ${pair.access_token}`)).status < 300, door.line)
  }
})

const json = async (url: string): Promise<unknown> => (await request(url)).body.json()

/** A token pair with all that the client may do. */
async function pairOf(base: string, { id }: DeclaredClient) {
  const { scopes = [] } = topology.clients.find((client) => client.id === id) ?? {}
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: id,
    client_secret: `${id}-secret`,
    scope: scopes.map(({ name }) => name).join(' '),
  })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const { body } = await request(`${base}/token`, { method: 'POST', headers, body: String(form) })
  return (await body.json()) as { access_token: string; refresh_token: string }
}

test.serial('a token in the query, a huge one, and two headers are refused', async (t) => {
  const good = goodToken(all.place, topology.scopes)
  for (const door of [...direct(), ...behindTheGateway()].filter(trusting)) {
    t.is((await ask(door, '', `?access_token=${good}&token=${good}`)).status, 401, door.line)
    t.true([400, 401].includes((await ask(door, [`Bearer ${good}`, `Bearer ${good}`])).status))
    for (const size of [12_000, 200_000]) {
      const huge = await ask(door, `Bearer ${good}${'x'.repeat(size)}`)
      t.true([401, 431].includes(huge.status), `${door.line} ${huge.status}`)
    }
  }
})

test.serial('each scope opens the routes that ask for it, and no other', async (t) => {
  t.timeout(180_000)
  const doors = [...direct(), ...behindTheGateway()].filter(trusting)
  for (const scope of topology.scopes) {
    const token = `Bearer ${goodToken(all.place, [scope])}`
    for (const door of doors) {
      const { status, body } = await asked(door, token)
      t.true(status < 500, `${door.line}: ${status} ${body}`)
      t.is(
        status === 403,
        door.route.access !== scope,
        `${door.line} with ${scope.name}: ${status}`,
      )
      t.not(status, 401, door.line)
    }
    for (const name of [`${scope.name}X`, scope.name.slice(0, -1), scope.name.toUpperCase()]) {
      const like = `Bearer ${goodToken(all.place, [{ ...scope, name: name as Scope['name'] }])}`
      for (const door of doors.filter(({ route }) => route.access === scope))
        t.is((await asked(door, like)).status, 403, `${door.line} with ${name}`)
    }
  }
})

/** Comes again when the front door's limits say so: what is tried here is who may come in. */
async function asked(door: Door, authorization: string) {
  const answer = await ask(door, authorization)
  if (answer.status !== 429) return answer
  await delay(1000)
  return asked(door, authorization)
}
