import type { Store } from './store.ts'

/**
 * Something that must hold of what is stored. `./maru verify` asks the stores themselves, past the services, with
 * statements that only read. SQL of its own on purpose: a mistake of the service would not be seen by its own statements.
 */
export interface Invariant {
  readonly name: string
  /** What must hold, in a few words. */
  readonly says: string
  /** What is counted, e.g. `payments`. */
  readonly unit: string
  readonly of: Violations | Agreement
}

/** No row may be one that `broken` finds. */
export interface Violations {
  readonly store: Store<'mariadb'>
  /** How much there is to look at: one row, column `seen`. */
  readonly seen: string
  /** What does not hold: one row each, column `what`, a sentence. */
  readonly broken: string
}

/** The same question, put to several stores in their own words, has the same answer everywhere. */
export interface Agreement {
  /** Each statement has rows with a `name` and a `value`. */
  readonly places: readonly { readonly store: Store<'mariadb'>; readonly asks: string }[]
}
