import { hash } from 'node:crypto'
import { punctuality, slotOf, type Punctuality } from './windows.ts'

/** What counting needs to know of a record. */
export interface Appended {
  readonly offset: bigint
  /** When the broker appended it, epoch ms. */
  readonly timestamp: number
  readonly value: {
    readonly contentId: string
    readonly eventId: string
    readonly ts: number
    readonly props: { readonly action: 'view' | 'like' }
  }
}

/** Consecutive offsets of one partition; those without a record are dead letters. */
export interface Stretch {
  readonly first: bigint
  /** The offset after the last one. */
  readonly next: bigint
  readonly records: readonly Appended[]
}

/** A stretch as the script takes it; see apply.lua for the layout. */
export interface Packed {
  readonly late: number
  readonly early: number
  readonly dead: number
  readonly base: number
  readonly records: Buffer
  readonly groups: string
}

/** A script call blocks Redis: 1,000 records take it about 5 ms. */
const recordsPerCall = 1000

/**
 * Bytes of the identity's SHA-1 that are remembered. 720,000 identities are alive at 2,000 events/s: two of them
 * share 96 bits with a chance of 3 · 10⁻¹⁸, once in 10¹² years of such spans.
 */
const digestBytes = 12
const recordBytes = digestBytes + 6

/** The part of a stretch from `offset` on. */
export const from = (stretch: Stretch, offset: bigint): Stretch => ({
  first: offset,
  next: stretch.next,
  records: stretch.records.filter((record) => record.offset >= offset),
})

/** Cuts a stretch into parts of one script call each. */
export function parts(stretch: Stretch): readonly Stretch[] {
  const { records, next } = stretch
  const heads = records.filter((_, at) => at > 0 && at % recordsPerCall === 0)
  const starts = [stretch.first, ...heads.map((record) => record.offset)]
  return starts.map((first, at) => ({
    first,
    next: starts[at + 1] ?? next,
    records: records.slice(at * recordsPerCall, (at + 1) * recordsPerCall),
  }))
}

/** Leaves out what cannot count by its time, and groups the rest by title, action and slot. */
export function pack({ first, next, records }: Stretch): Packed {
  const tally: Record<Punctuality, number> = { punctual: 0, late: 0, early: 0 }
  const punctual = records.filter((record) => {
    const kind = punctuality(record.value.ts, record.timestamp)
    tally[kind] += 1
    return kind === 'punctual'
  })
  const base = punctual.reduce((least, one) => Math.min(least, one.timestamp), Infinity)
  const groups = new Map<string, number>()
  const bytes = Buffer.allocUnsafe(punctual.length * recordBytes)
  punctual.forEach((record, at) => {
    const begin = at * recordBytes
    digest(record).copy(bytes, begin, 0, digestBytes)
    bytes.writeUInt16LE(groupOf(groups, record), begin + digestBytes)
    bytes.writeUInt32LE(record.timestamp - base, begin + digestBytes + 2)
  })
  return {
    late: tally.late,
    early: tally.early,
    dead: Number(next - first) - records.length,
    base: punctual.length > 0 ? base : 0,
    records: bytes,
    groups: [...groups.keys()].join(' '),
  }
}

/** A contentId has no space, so the two parts cannot run into each other. */
const digest = ({ value: { contentId, eventId } }: Appended): Buffer =>
  hash('sha1', `${contentId} ${eventId}`, 'buffer')

function groupOf(groups: Map<string, number>, { value }: Appended): number {
  const { contentId, ts, props } = value
  const name = `${slotOf(ts) / 1000}${props.action === 'view' ? 'v' : 'l'}${contentId}`
  const known = groups.get(name)
  if (known !== undefined) return known
  groups.set(name, groups.size)
  return groups.size - 1
}
