import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { request } from 'undici'
import { bench, type Bench } from '../../services/kit/testing.ts'
import { topology } from '../../services/topology.ts'
import { readRank } from '../../services/webtoon/scopes.ts'
import { rawRequest } from '../closed-loop.ts'
import { started } from '../contender.ts'
import type { Lab, LabServer } from '../lab.ts'

/** What all gates have in front and behind them. */
export interface Setting {
  readonly place: Bench
  readonly redis: LabServer
  /** What the gates share their limits in. */
  readonly stores: readonly number[]
  /** Answers at once with a short list; says in `x-seen-user` whom the gate named. */
  readonly upstream: string
  readonly path: string
  /** Headers of each reader, for loads that come one by one, and the same as raw requests. */
  readonly readers: readonly Readonly<Record<string, string>>[]
  readonly requests: readonly string[]
  readonly versions: Readonly<Record<string, string>>
}

/** So many that nobody is over the limit of the route at the speed of the fastest gate. */
const subjects = 300
const tokenSeconds = 7200

export async function settingOf(lab: Lab): Promise<Setting> {
  const redis = await lab.server('redis')
  const place = await bench(topology, redis.servers)
  lab.atEnd(() => place.stop())
  const tokens = await Promise.all(
    Array.from({ length: subjects }, (_, n) =>
      place.token([readRank], { subject: `reader-${n}`, expiresIn: tokenSeconds }),
    ),
  )
  const path = '/rank/top?window=60s'
  const readers = tokens.map((token) => ({ authorization: `Bearer ${token}` }))
  return {
    place,
    redis,
    stores: [redis.pid],
    upstream: await upstream(lab),
    path,
    readers,
    requests: readers.map((headers) => rawRequest(`GET ${path}`, headers)),
    versions: { redis: redis.version },
  }
}

const ids = Array.from({ length: 10 }, (_, n) => `w-${1000 + n}`)
const answer = JSON.stringify(ids)

/** haproxy answers by itself faster than any gate can ask. */
async function upstream(lab: Lab): Promise<string> {
  const haproxy = await lab.program('haproxy', 'haproxy')
  const [port = 0] = await lab.ports(1)
  const file = join(lab.folder, 'upstream.cfg')
  writeFileSync(
    file,
    `global
  nbthread 1
defaults
  mode http
  timeout client 60s
frontend upstream
  bind 127.0.0.1:${port}
  http-request return status 200 content-type application/json string '${answer}' hdr x-seen-user %[req.hdr(x-user-id)]
`,
  )
  const url = `http://127.0.0.1:${port}`
  const ready = async () => (await request(url)).statusCode === 200
  await started(lab, [haproxy, '-db', '-f', file], { ready })
  return url
}
