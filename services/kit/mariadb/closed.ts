import type { Connection } from 'mariadb'
import { within } from '../within.ts'

const politelyMs = 1000

/** Ends a connection; one that does not go in a second is cut. Never rejects. */
export const closed = (connection: Connection): Promise<void> =>
  within(connection.end(), politelyMs).catch(() => connection.destroy())
