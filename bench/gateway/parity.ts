import { Pool } from 'undici'
import { readRank } from '../../services/webtoon/scopes.ts'
import type { Gate } from './contenders.ts'
import type { Setting } from './setting.ts'

/** Far more than anybody may ask at once, in waves, so that slow machines are over the limit too. */
const flood = { waves: 20, each: 500 }

/**
 * Whether a gate does what it is compared for; whoever does less would be faster for a wrong reason.
 * @throws Error that says what it did instead
 */
export async function probe(gate: Gate, { place, path, readers }: Setting): Promise<void> {
  const pool = new Pool(gate.url, { connections: 32 })
  const ask = async (headers: Readonly<Record<string, string>>) => {
    const { statusCode, headers: said, body } = await pool.request({ method: 'GET', path, headers })
    await body.dump()
    return { status: statusCode, user: said['x-seen-user'] }
  }
  const bearer = async (wishes: Parameters<typeof place.token>[1]) => ({
    authorization: `Bearer ${await place.token([readRank], wishes)}`,
  })
  const expect = (what: string, found: unknown, wanted: unknown): void => {
    if (found !== wanted) throw new Error(`${gate.name}, ${what}: ${found} instead of ${wanted}`)
  }
  try {
    expect('a good token', (await ask(readers[0] ?? {})).status, 200)
    if (gate.bare) return
    const refusals = {
      'no token': {},
      'an expired token': await bearer({ expiresIn: -120 }),
      'a token for others': await bearer({ audience: 'others' }),
      'a token of others': await bearer({ issuer: 'https://others' }),
      'a forged token': forged(readers[0]?.authorization ?? ''),
    }
    for (const [what, headers] of Object.entries(refusals))
      expect(what, (await ask(headers)).status, 401)
    expect('the reader', (await ask(readers[1] ?? {})).user, 'reader-1')
    const greedy = await bearer({ subject: 'greedy' })
    let limited = false
    for (let wave = 0; wave < flood.waves && !limited; wave += 1) {
      const answers = await Promise.all(Array.from({ length: flood.each }, () => ask(greedy)))
      limited = answers.some(({ status }) => status === 429)
    }
    expect('a flood is limited', limited, true)
  } finally {
    await pool.close()
  }
}

/** With one letter of the claims changed. */
function forged(authorization: string): { authorization: string } {
  const at = authorization.indexOf('.') + 10
  const other = authorization[at] === 'A' ? 'B' : 'A'
  return { authorization: authorization.slice(0, at) + other + authorization.slice(at + 1) }
}
