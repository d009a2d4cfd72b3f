/** States of a letter; each change is a compare-and-set. */
export const states = ['PENDING', 'APPROVED', 'REJECTED', 'REPROCESSED'] as const
export type State = (typeof states)[number]

/** Open letters wait for a decision, or for being sent back. */
export const openStates: readonly State[] = ['PENDING', 'APPROVED']

/** What an event id must look like to be asked for; a letter whose event has another one is given a name. */
export const idPattern = /^[\x21-\x7e]{1,128}$/
