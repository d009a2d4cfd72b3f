import { isDeepStrictEqual } from 'node:util'
import { identityOf, type KubernetesObject } from '../kubernetes/object.ts'
import { gradeOf, grades, type Grade } from './grades.ts'

/** One thing that a change does to the cluster. */
export interface Change {
  readonly grade: Grade
  /** Which object, as `identityOf` says it. */
  readonly object: string
  /** Path of the field; empty when the object itself comes or goes. */
  readonly field: string
  readonly before: unknown
  readonly after: unknown
  /** What the grade means here. */
  readonly why: string
}

/** A field that differs; `undefined` where it is not. */
export interface FieldChange {
  readonly field: string
  readonly before: unknown
  readonly after: unknown
}

type Objects = readonly KubernetesObject[]

/** What becomes of the objects, the gravest first, then by object and field. */
export function changesBetween(before: Objects, after: Objects): readonly Change[] {
  const [old, now] = [byIdentity(before), byIdentity(after)]
  const identities = [...new Set([...old.keys(), ...now.keys()])].sort()
  const changes = identities.flatMap((identity) =>
    fieldsOf(old.get(identity), now.get(identity)).map((change) => ({
      ...gravest(old.get(identity) ?? now.get(identity), change),
      object: identity,
      ...change,
    })),
  )
  return changes.sort((a, b) => grades.indexOf(a.grade) - grades.indexOf(b.grade))
}

/** A part that comes or goes is one line, and as grave as the gravest thing in it. */
function gravest(object: KubernetesObject | undefined, change: FieldChange) {
  const all = [change, ...insideOf(change)].map((one) => gradeOf(object, one))
  return all.reduce((a, b) => (grades.indexOf(b.grade) < grades.indexOf(a.grade) ? b : a))
}

function insideOf({ field, before = {}, after = {} }: FieldChange): readonly FieldChange[] {
  if (field === '' || !isRecord(before) || !isRecord(after)) return []
  const inside = inRecords(before, after, field)
  return inside.flatMap((change) => [change, ...insideOf(change)])
}

const byIdentity = (objects: Objects): ReadonlyMap<string, KubernetesObject> =>
  new Map(objects.map((one) => [identityOf(one), one]))

/** An object that comes or goes is one change, whatever it holds. */
const fieldsOf = (
  before: KubernetesObject | undefined,
  after: KubernetesObject | undefined,
): readonly FieldChange[] =>
  before && after ? fieldChanges(before, after, '') : [{ field: '', before, after }]

/** Leaves that differ. Items of a list are told apart by their names where all have one. */
export function fieldChanges(
  before: unknown,
  after: unknown,
  field: string,
): readonly FieldChange[] {
  if (isDeepStrictEqual(before, after)) return []
  if (isRecord(before) && isRecord(after)) return inRecords(before, after, field)
  if (Array.isArray(before) && Array.isArray(after)) return inLists(before, after, field)
  return [{ field, before, after }]
}

type Fields = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const inRecords = (before: Fields, after: Fields, field: string): readonly FieldChange[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .sort()
    .flatMap((key) => fieldChanges(before[key], after[key], join(field, key)))

/** Keys with dots are quoted, so that they do not read as two. */
const join = (field: string, key: string): string => {
  if (/[./]/.test(key)) return `${field}["${key}"]`
  return field === '' ? key : `${field}.${key}`
}

function inLists(
  before: readonly unknown[],
  after: readonly unknown[],
  field: string,
): readonly FieldChange[] {
  const [old, now] = [byName(before), byName(after)]
  if (old && now)
    return [...new Set([...old.keys(), ...now.keys()])].flatMap((name) =>
      fieldChanges(old.get(name), now.get(name), `${field}[${name}]`),
    )
  const records = [...before, ...after].every(isRecord)
  if (!records) return [{ field, before, after }]
  if (before.length === after.length)
    return before.flatMap((item, at) => fieldChanges(item, after[at], `${field}[${at}]`))
  const without = (items: readonly unknown[], others: readonly unknown[]): readonly unknown[] =>
    items.filter((item) => !others.some((other) => isDeepStrictEqual(item, other)))
  return [
    ...without(before, after).map((item) => ({
      field: `${field}[]`,
      before: item,
      after: undefined,
    })),
    ...without(after, before).map((item) => ({
      field: `${field}[]`,
      before: undefined,
      after: item,
    })),
  ]
}

/** Containers, variables, ports, volumes; undefined when some item has no name, or two share one. */
function byName(items: readonly unknown[]): ReadonlyMap<string, unknown> | undefined {
  const names = items.map((item) => (isRecord(item) ? item['name'] : undefined))
  const unique = new Set(names).size === items.length
  if (!unique || names.some((name) => typeof name !== 'string')) return undefined
  return new Map(items.map((item, at) => [String(names[at]), item]))
}
