import { statement, type Postgres } from '../../kit/postgres.ts'
import type { Deletion } from '../../kit/purge.ts'

/** What can stand in the trail. */
export type Action = 'key rotated' | 'token revoked' | 'refresh token reused' | 'login refused'

/** Who did it, from where. */
export interface Doer {
  readonly clientId: string
  readonly subject: string
  /** The client's address as the front door saw it; '' for callers that come by themselves. */
  readonly address: string
}

/** Writes the trail of what matters to security. */
export interface Audit {
  note(action: Action, doer: Doer, detail?: Readonly<Record<string, unknown>>): Promise<void>
}

export const audit = (database: Postgres): Audit => ({
  note: async (action, { clientId, subject, address }, detail = {}) => {
    await database.query(note, [action, clientId, subject, address, JSON.stringify(detail)])
  },
})

/** Deletes what is older than `days` days. */
export const auditPurge = (days: number): Deletion => ({
  statement: purge,
  values: [days],
  limit: 1000,
})

const note = statement(
  'audit_note',
  `insert into auth_audit (action, client_id, subject, address, detail) values ($1, $2, $3, $4, $5::jsonb)`,
)

const purge = statement(
  'audit_purge',
  `delete from auth_audit where id in (
     select id from auth_audit where at < clock_timestamp() - make_interval(days => $1) limit $2)`,
)
