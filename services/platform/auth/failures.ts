import { statement, type Postgres } from '../../kit/postgres.ts'

/** A token bucket: how many failures at once, and how many more a second. */
export interface Bucket {
  readonly burst: number
  readonly perSecond: number
}

/** Every statement about failed logins, one function per question. */
export const failures = (database: Postgres) => ({
  /** Tokens that are left, without taking one. */
  left: async (key: string, { burst, perSecond }: Bucket): Promise<number> =>
    (await database.query<{ tokens: number }>(left, [key, burst, perSecond]))[0]?.tokens ?? burst,

  /** Takes one token. Answers how many are left; below 0 there was none. */
  take: async (key: string, { burst, perSecond }: Bucket): Promise<number> =>
    (await database.query<{ tokens: number }>(take, [key, burst, perSecond]))[0]?.tokens ?? 0,

  /** Forgets buckets that nobody touched for an hour: they are full again. */
  purge: async (): Promise<void> => void (await database.query(purge)),
})
export type Failures = ReturnType<typeof failures>

const left = statement(
  'failures_left',
  `select least($2::float8, tokens + extract(epoch from clock_timestamp() - at)::float8 * $3::float8) as tokens
   from failed_logins where key = $1`,
)

// An emptied bucket stays just below 0: whoever goes on trying does not wait longer than from the last token.
const take = statement(
  'failures_take',
  `insert into failed_logins as known (key, tokens, at)
   values ($1, $2::float8 - 1, clock_timestamp())
   on conflict (key) do update set
     tokens = greatest(-1, least($2::float8,
       known.tokens + extract(epoch from clock_timestamp() - known.at)::float8 * $3::float8) - 1),
     at = clock_timestamp()
   returning tokens`,
)

const purge = statement(
  'failures_purge',
  `delete from failed_logins where at < clock_timestamp() - interval '1 hour'`,
)
