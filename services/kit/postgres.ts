import type { Store } from '../model/store.ts'
import type { Context } from './context.ts'

export interface Statement {
  readonly name: string
  readonly text: string
}
export const statement = (name: string, text: string): Statement => ({ name, text })
export interface Queryable {
  query<Row>(statement: Statement, values?: readonly unknown[]): Promise<Row[]>
}
export interface Postgres extends Queryable {
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>
}
export async function postgres(_context: Context, _store: Store<'postgres'>): Promise<Postgres> {
  throw new Error('being written')
}
export const isUniqueViolation = (error: unknown): boolean =>
  (error as { code?: unknown }).code === '23505'
