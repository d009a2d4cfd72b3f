import { statement, type Postgres, type Queryable } from '../../kit/postgres.ts'
import type { JWK } from 'jose'

export interface ClientRow {
  readonly id: string
  readonly secretHash: Buffer
  readonly scopes: readonly string[]
  readonly impersonates: boolean
  /** The merchant that it stands for. */
  readonly merchant: string | null
}

export interface KeyRow {
  readonly kid: string
  readonly publicJwk: JWK
  readonly sealed: Buffer
  readonly usableFrom: Date
}

/** A refresh token with its family's state. */
export interface RefreshRow {
  readonly familyId: string
  readonly clientId: string
  readonly subject: string
  readonly scopes: readonly string[]
  readonly expiresAt: Date
  readonly usedAt: Date | null
  readonly revokedAt: Date | null
}

export interface NewRefresh {
  readonly hash: Buffer
  readonly scopes: readonly string[]
  readonly issuedAt: Date
  readonly expiresAt: Date
}

/** Every statement of the auth service, one function per question. */
export const store = (database: Postgres) => ({
  clientById: async (id: string): Promise<ClientRow | undefined> =>
    (await database.query<ClientRow>(clientById, [id]))[0],

  /** Makes the table hold exactly these clients; others are disabled. Safe when replicas do it at once. */
  syncClients: (clients: readonly ClientRow[]): Promise<void> =>
    database.transaction(async (tx) => {
      await tx.query(lock, [locks.clients])
      for (const { id, secretHash, scopes, impersonates, merchant } of clients)
        await tx.query(upsertClient, [id, secretHash, scopes, impersonates, merchant])
      await tx.query(disableOthers, [clients.map((client) => client.id)])
    }),

  keys: (): Promise<KeyRow[]> => database.query<KeyRow>(allKeys),

  /** Decides on keys while no other replica does. `work` sees all keys and may add and drop some. */
  changeKeys: <Value>(
    work: (keys: KeyRow[], change: KeyChange) => Promise<Value>,
  ): Promise<Value> =>
    database.transaction(async (tx) => {
      await tx.query(lock, [locks.keys])
      return work(await tx.query<KeyRow>(allKeys), keyChange(tx))
    }),

  /** First token of a new family. */
  startFamily: async (
    family: { id: string; clientId: string; subject: string },
    token: NewRefresh,
  ): Promise<void> => {
    const { hash, scopes, issuedAt, expiresAt } = token
    const values = [family.id, family.clientId, family.subject, hash, scopes, issuedAt, expiresAt]
    await database.query(startFamily, values)
  },

  refreshByHash: async (hash: Buffer): Promise<RefreshRow | undefined> =>
    (await database.query<RefreshRow>(refreshByHash, [hash]))[0],

  /** Spends a token and stores its successor, if it is still good. False: somebody was faster. */
  exchange: async (spent: Buffer, token: NewRefresh): Promise<boolean> => {
    const { hash, scopes, issuedAt, expiresAt } = token
    const rows = await database.query(exchange, [spent, hash, scopes, issuedAt, expiresAt])
    return rows.length === 1
  },

  /** True when the family was alive until now. */
  revokeFamily: async (id: string, at: Date, because: string): Promise<boolean> =>
    (await database.query(revokeFamily, [id, at, because])).length === 1,

  /** Forgets families whose every token has expired. */
  purge: async (now: Date): Promise<number> => (await database.query(purge, [now])).length,
})
export type Store = ReturnType<typeof store>

export interface KeyChange {
  add(key: KeyRow): Promise<void>
  drop(kids: readonly string[]): Promise<void>
}

const keyChange = (tx: Queryable): KeyChange => ({
  add: async ({ kid, publicJwk, sealed, usableFrom }) => {
    await tx.query(addKey, [kid, JSON.stringify(publicJwk), sealed, usableFrom])
  },
  drop: async (kids) => {
    await tx.query(dropKeys, [kids])
  },
})

/** Advisory locks of this database. */
const locks = { clients: 1, keys: 2 }

const lock = statement('lock', 'select pg_advisory_xact_lock($1)')

const clientById = statement(
  'client_by_id',
  `select id, secret_hash as "secretHash", scopes, impersonates, merchant from clients where id = $1 and enabled`,
)

const upsertClient = statement(
  'upsert_client',
  `insert into clients as known (id, secret_hash, scopes, impersonates, merchant) values ($1, $2, $3, $4, $5)
   on conflict (id) do update
     set secret_hash = excluded.secret_hash, scopes = excluded.scopes,
         impersonates = excluded.impersonates, merchant = excluded.merchant, enabled = true, updated_at = now()
   where (known.secret_hash, known.scopes, known.impersonates, known.merchant, known.enabled)
     is distinct from
       (excluded.secret_hash, excluded.scopes, excluded.impersonates, excluded.merchant, true)`,
)

const disableOthers = statement(
  'disable_other_clients',
  `update clients set enabled = false, updated_at = now() where enabled and id <> all($1::text[])`,
)

const allKeys = statement(
  'all_keys',
  `select kid, public_jwk as "publicJwk", sealed, usable_from as "usableFrom" from signing_keys`,
)

const addKey = statement(
  'add_key',
  `insert into signing_keys (kid, public_jwk, sealed, usable_from) values ($1, $2, $3, $4)`,
)

const dropKeys = statement('drop_keys', `delete from signing_keys where kid = any($1::text[])`)

const startFamily = statement(
  'start_family',
  `with family as (
     insert into refresh_families (id, client_id, subject, created_at)
     values ($1, $2, $3, $6) returning id
   )
   insert into refresh_tokens (hash, family_id, scopes, issued_at, expires_at)
   select $4, id, $5, $6, $7 from family`,
)

const refreshByHash = statement(
  'refresh_by_hash',
  `select family_id as "familyId", client_id as "clientId", subject, scopes,
     expires_at as "expiresAt", used_at as "usedAt", revoked_at as "revokedAt"
   from refresh_tokens join refresh_families on refresh_families.id = family_id
   where hash = $1`,
)

const exchange = statement(
  'exchange_refresh',
  `with spent as (
     update refresh_tokens set used_at = $4
     from refresh_families as family
     where hash = $1 and family.id = family_id
       and used_at is null and expires_at > $4 and family.revoked_at is null
     returning family_id
   )
   insert into refresh_tokens (hash, family_id, scopes, issued_at, expires_at)
   select $2, family_id, $3::text[], $4::timestamptz, $5::timestamptz from spent
   returning family_id`,
)

const revokeFamily = statement(
  'revoke_family',
  `update refresh_families set revoked_at = $2, revoked_because = $3
   where id = $1 and revoked_at is null returning id`,
)

const purge = statement(
  'purge_families',
  `delete from refresh_families as family
   where created_at < $1 and not exists (
     select from refresh_tokens where family_id = family.id and expires_at > $1
   ) returning id`,
)
