import test, { type ExecutionContext } from 'ava'
import { request } from 'undici'
import type { Route } from '../../services/model/route.ts'
import type { Service } from '../../services/model/service.ts'
import { topology } from '../../services/topology.ts'
import { constellation, type Constellation } from './testing.ts'
import { battery, goodToken, type Battery } from './tokens.ts'

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
  topology.services
    .filter(({ edge }) => edge !== undefined)
    .flatMap((one) => doorsAt(one, all.gateway))

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

test.serial('no forged or damaged token opens a route of any service', async (t) => {
  t.timeout(180_000)
  t.true(direct().length > 10)
  await refusesAll(t, direct(), battery(all.place, topology.scopes))
})

test.serial('nor does one behind the gateway', async (t) => {
  t.timeout(180_000)
  await refusesAll(t, behindTheGateway(), battery(all.place, topology.scopes))
})

test.serial('a token in the query, a huge one, and two headers are refused', async (t) => {
  const good = goodToken(all.place, topology.scopes)
  for (const door of [...direct(), ...behindTheGateway()]) {
    t.is((await ask(door, '', `?access_token=${good}&token=${good}`)).status, 401, door.line)
    t.true([400, 401].includes((await ask(door, [`Bearer ${good}`, `Bearer ${good}`])).status))
    const huge = await ask(door, `Bearer ${good}${'x'.repeat(12_000)}`)
    t.true([401, 431].includes(huge.status), `${door.line} ${huge.status}`)
  }
})

/** Whose keys the bench's tokens are signed by: not those of the issuer, which verifies by its own. */
const trusting = (service: Service): boolean => service.api['jwks'] === undefined

test.serial('each scope opens the routes that ask for it, and no other', async (t) => {
  t.timeout(180_000)
  for (const scope of topology.scopes) {
    const token = `Bearer ${goodToken(all.place, [scope])}`
    for (const door of direct().filter(({ service }) => trusting(service))) {
      const { status, body } = await ask(door, token)
      t.true(status < 500, `${door.line}: ${status} ${body}`)
      t.is(
        status === 403,
        door.route.access !== scope,
        `${door.line} with ${scope.name}: ${status}`,
      )
      t.not(status, 401, door.line)
    }
  }
  const longer = { ...topology.scopes[0], name: `${topology.scopes[0]?.name}X` } as never
  for (const door of direct().filter(({ service }) => trusting(service)))
    t.is((await ask(door, `Bearer ${goodToken(all.place, [longer])}`)).status, 403, door.line)
})
