import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  randomUUID,
  type KeyObject,
} from 'node:crypto'
import { promisify } from 'node:util'
import { errors, exportJWK, type JWK, type JWTVerifyGetKey } from 'jose'
import { jwksCacheMs } from '../../kit/auth.ts'
import type { Context } from '../../kit/context.ts'
import { unavailable } from '../../kit/problem.ts'
import { repeat } from '../../kit/repeat.ts'
import type { Events } from './events.ts'
import { currentOf, nextOf, publishedOf } from './key-times.ts'
import type { Sealing } from './sealing.ts'
import type auth from './service.ts'
import type { KeyRow, Store } from './store.ts'

/** The keys that sign and verify tokens, the same on all replicas. */
export interface KeyRing {
  /** The key that signs now. @throws Problem 503 before the first look into the database */
  current(): { readonly kid: string; readonly privateKey: KeyObject }
  /** What the key set publishes. */
  published(): readonly JWK[]
  /** Finds published keys for the issuer's own verifier. */
  readonly resolve: JWTVerifyGetKey
  /** Makes the next key, or names the one that is waiting. */
  rotate(): Promise<{ kid: string; usableFrom: Date }>
}

type OpenKey = KeyRow & { readonly privateKey: KeyObject; readonly publicKey: KeyObject }

/** A new key is known to every verifier before it signs. */
const publishAheadMs = 2 * jwksCacheMs
/** Every replica sees a rotation within this time. */
const lookEveryMs = 2000

/** Opens the installation's key ring; the first replica of an empty installation makes the first key. */
export async function keyRing(
  context: Context<typeof auth>,
  { store, box, events }: { store: Store; box: Sealing; events: Events },
): Promise<KeyRing> {
  const { clock, config, life } = context
  const keepMs = 2 * config.settings.accessSeconds * 1000
  let known: readonly OpenKey[] = []
  const look = async (): Promise<void> => {
    known = opened(await store.keys(), known, box)
  }
  await ensureFirstKey(store, box, clock)
  await look()
  repeat(context, { name: 'look for new keys', everyMs: lookEveryMs }, look)
  const published = (): readonly OpenKey[] => publishedOf(known, clock(), keepMs)
  const current = (): OpenKey => {
    const key = currentOf(known, clock())
    if (!key) throw unavailable('KEYS_UNAVAILABLE', 'There is no signing key at the moment.')
    return key
  }
  life.check('signing keys', () => void current())

  return {
    current,
    published: () => published().map(publicPart),
    resolve: async ({ kid }) => {
      const key = published().find((one) => one.kid === kid)
      if (!key) throw new errors.JWKSNoMatchingKey()
      return key.publicKey
    },
    rotate: async () => {
      const fresh = await newKey(box, new Date(clock() + publishAheadMs))
      const next = await store.changeKeys(async (keys, change) => {
        const waiting = nextOf(keys, clock())
        if (waiting) return waiting
        const kept = new Set(publishedOf(keys, clock(), keepMs).map((key) => key.kid))
        await change.drop(keys.map((key) => key.kid).filter((kid) => !kept.has(kid)))
        await change.add(fresh)
        return fresh
      })
      if (next === fresh) events.keyRotated(next)
      await look()
      return next
    },
  }
}

/** Under the lock, so that of many replicas that start at once on an empty database one makes the key. */
async function ensureFirstKey(store: Store, box: Sealing, clock: () => number): Promise<void> {
  if ((await store.keys()).length > 0) return
  const first = await newKey(box, new Date(clock()))
  await store.changeKeys(async (keys, change) => {
    if (keys.length === 0) await change.add(first)
  })
}

async function newKey(box: Sealing, usableFrom: Date): Promise<KeyRow> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const kid = randomUUID()
  const sealed = box.seal(kid, privateKey.export({ type: 'pkcs8', format: 'der' }))
  return { kid, publicJwk: await exportJWK(publicKey), sealed, usableFrom }
}

/** Opening costs a millisecond, so keys that were open stay so. */
const opened = (
  rows: readonly KeyRow[],
  before: readonly OpenKey[],
  box: Sealing,
): readonly OpenKey[] =>
  rows.map((row) => before.find((key) => key.kid === row.kid) ?? { ...row, ...halves(row, box) })

function halves({ kid, sealed }: KeyRow, box: Sealing) {
  try {
    const privateKey = createPrivateKey({
      key: box.open(kid, sealed),
      format: 'der',
      type: 'pkcs8',
    })
    return { privateKey, publicKey: createPublicKey(privateKey) }
  } catch (cause) {
    const how = 'AUTH_SEALING_KEY is not the one it was sealed with. Give the old one back.'
    throw new Error(`The signing key ${kid} cannot be opened: ${how}`, { cause })
  }
}

const publicPart = ({ kid, publicJwk: { n = '', e = '' } }: KeyRow): JWK => ({
  kty: 'RSA',
  kid,
  n,
  e,
  use: 'sig',
  alg: 'RS256',
})
