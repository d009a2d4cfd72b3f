import type { EntryType } from './postings.ts'

const captureSuffix = ':capture'

/** The gateway’s name of a fact. Contract: a capture is named after its payment, a refund by its id. */
export const keyOf = (type: EntryType, businessId: string): string =>
  type === 'capture' ? businessId + captureSuffix : businessId

/** What a fact is called here that the gateway calls so. */
export const businessIdOf = (type: EntryType, key: string): string =>
  type === 'capture' && key.endsWith(captureSuffix) ? key.slice(0, -captureSuffix.length) : key
