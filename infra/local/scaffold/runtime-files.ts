import type { Plan } from './plan.ts'

/** What runs, with a test beside it. */
export const runtimeFiles = (plan: Plan): Readonly<Record<string, string>> => ({
  'main.ts': mainFile,
  'start.ts': startFile(plan),
  'routes.ts': routesFile(plan),
  [`${plan.name}.ts`]: rulesFile,
  [`${plan.name}.test.ts`]: testFile(plan),
  ...(plan.store && { 'store.ts': storeFiles[plan.store.kind](plan) }),
  ...(plan.store &&
    plan.store.kind !== 'redis' && {
      [`migrations/0001_visits.sql`]: migrations[plan.store.kind],
    }),
  ...(plan.topic && { 'consumers.ts': consumersFile(plan) }),
})

const mainFile = `import { run } from '../../kit/run.ts'
import service from './service.ts'
import { start } from './start.ts'

await run(service, start)
`

const startFile = ({ store, topic }: Plan): string =>
  `import type { Context } from '../../kit/context.ts'
import { serve } from '../../kit/http.ts'
${topic ? `import { kafka } from '../../kit/kafka.ts'` : ''}
import { api } from './api.ts'
${topic ? `import { countRecords } from './consumers.ts'` : ''}
import { handlers } from './routes.ts'
${topic ? 'import service from' : 'import type service from'} './service.ts'
${store ? `import { openStore } from './store.ts'` : ''}

export async function start(context: Context<typeof service>): Promise<{ url: string }> {
  ${
    topic
      ? `const [records] = service.consumes
  await kafka(context).consume(records, countRecords(context))`
      : ''
  }
  return serve(context, api, handlers(${store ? '{ store: await openStore(context) }' : ''}))
}
`.replaceAll(/^\s*\n(?=(import|\s+return))/gm, '')

const routesFile = ({
  name,
  store,
}: Plan): string => `import type { Handlers } from '../../kit/http.ts'
import type { api } from './api.ts'
import { greeting } from './${name}.ts'
${store ? `import type { VisitStore } from './store.ts'\n` : ''}
export const handlers = (${store ? 'deps: { store: VisitStore }' : ''}): Handlers<typeof api> => ({
  greet: ${store ? 'async ' : ''}({ params: { visitor } }) => {
    ${store ? 'const visits = await deps.store.countVisit(visitor)' : ''}
    return { status: 200, body: { greeting: greeting(visitor${store ? ', visits' : ''}) } }
  },
})
`

const rulesFile = `/** What a visitor is told. @param visits how often they came, this time included */
export const greeting = (visitor: string, visits = 1): string =>
  visits === 1 ? \`Hello, \${visitor}.\` : \`Hello again, \${visitor}: visit \${visits}.\`
`

const visitStore = `/** Every command to the store, one function per question. */
export interface VisitStore {
  /** Counts a visit. @returns how many there are now */
  countVisit(visitor: string): Promise<number>
}
`

const databaseFile = ({ store }: Plan): string => {
  const { kind = 'postgres', constant } = store ?? {}
  return `import type { Context } from '../../kit/context.ts'
import { ${kind}, statement } from '../../kit/${kind}.ts'
import { ${constant} } from '../stores.ts'

${visitStore}
const count = statement(
  'count_visit',
  \`${kind === 'mariadb' ? countInMariadb : countInPostgres}\`,
)

export async function openStore(context: Context): Promise<VisitStore> {
  const database = await ${kind}(context, ${constant})
  return {
    countVisit: async (visitor) => {
      const [row] = await database.query<{ visits: number }>(count, [visitor])
      return row?.visits ?? 0
    },
  }
}
`
}

const countInPostgres = `insert into visits as v (visitor, visits) values ($1, 1)
  on conflict (visitor) do update set visits = v.visits + 1
  returning visits`

const countInMariadb = `insert into visits (visitor, visits) values (?, 1)
  on duplicate key update visits = visits + 1
  returning visits`

const storeFiles = {
  postgres: databaseFile,
  mariadb: databaseFile,
  redis: ({ name, store }: Plan): string => `import type { Context } from '../../kit/context.ts'
import { redis } from '../../kit/redis.ts'
import { ${store?.constant} } from '../stores.ts'

${visitStore}
export async function openStore(context: Context): Promise<VisitStore> {
  const keys = await redis(context, ${store?.constant})
  return {
    countVisit: async (visitor) => Number(await keys.call('HINCRBY', '${name}:visits', visitor, 1)),
  }
}
`,
}

const migrations = {
  postgres: `create table visits (
  visitor varchar primary key check (char_length(visitor) between 1 and 50),
  visits bigint not null check (visits > 0)
);
`,
  mariadb: `create table if not exists visits (
  visitor varchar(50) primary key check (visitor <> ''),
  visits bigint not null check (visits > 0)
) engine = InnoDB, character set utf8mb4, collate utf8mb4_nopad_bin;
`,
}

const consumersFile = ({ topic }: Plan): string => `import type { z } from 'zod'
import type { Context } from '../../kit/context.ts'
import type { BatchConsumer } from '../../kit/kafka.ts'
import type { ${topic?.constant} } from '${topic?.module}'
import { recordsSeen } from './metrics.ts'

type Value = z.infer<typeof ${topic?.constant}.schema>

/** One call per fetched batch of one partition; what it throws is tried again. */
export const countRecords = ({ meter }: Context): BatchConsumer<Value> => ({
  batch: async ({ records }) => {
    meter.add(recordsSeen, undefined, records.length)
  },
})
`

function testFile({ name, store, topic }: Plan): string {
  const servers = [...(store ? [`'${store.kind}'`] : []), ...(topic ? [`'kafka'`] : [])].join(', ')
  const again = store
    ? `
  t.deepEqual(await greet(), { greeting: 'Hello again, Mina: visit 2.' })`
    : ''
  return `import test from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { bench } from '../../kit/testing.ts'
import { topology } from '../../topology.ts'
import { greeting } from './${name}.ts'
import service from './service.ts'
import { start } from './start.ts'

test('who comes again is greeted as somebody known', (t) => {
  t.is(greeting('Mina', 1), 'Hello, Mina.')
  t.is(greeting('Mina', 3), 'Hello again, Mina: visit 3.')
})

test('a visitor is greeted through the front door', async (t) => {
  const tested = await testServers(${servers})
  t.teardown(() => tested.stop())
  const place = await bench(topology, tested.servers)
  t.teardown(() => place.stop())
  const { url } = await place.start(service, start)
  const greet = async () =>
    (await fetch(\`\${url}/${name}/Mina\`${store ? `, { method: 'POST' }` : ''})).json()
  t.deepEqual(await greet(), { greeting: 'Hello, Mina.' })${again}
})
`
}
