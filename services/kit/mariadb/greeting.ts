/** Time limits of a session in seconds: one statement, a row that is locked, a table that is changed, an idle transaction. */
export interface SessionLimits {
  readonly statement: number
  readonly row: number
  readonly table: number
  readonly idle: number
}

/**
 * What a connection begins with, so that statements mean the same whatever the server's own settings are. A server
 * before 10.11.8 does not tell that a row was changed since it was read: there, lost updates are up to the statements.
 */
export const greeting = ({ statement, row, table, idle }: SessionLimits): string[] => [
  'set session transaction isolation level repeatable read',
  `set session sql_mode = 'TRADITIONAL', time_zone = '+00:00', lc_messages = 'en_US',
    max_statement_time = ${statement}, innodb_lock_wait_timeout = ${row},
    lock_wait_timeout = ${table}, idle_transaction_timeout = ${idle}
    /*M!101108 , innodb_snapshot_isolation = on */`,
]
