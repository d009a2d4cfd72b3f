import { endUs, type TraceSpan } from './span.ts'

/** A span in its place: below its parent, with the parent's clock. */
export interface Branch {
  readonly span: TraceSpan
  /** What its machine's clock was off by, as far as its parent shows; already added to `startUs`. */
  readonly shiftUs: number
  readonly startUs: number
  /** Its parent is not in the trace (not arrived yet, dropped, or it belongs to a caller outside). */
  readonly orphan: boolean
  readonly children: readonly Branch[]
}

/**
 * Spans as trees, earliest first. A span whose parent is missing begins a tree of its own; no span is lost, also
 * where the parents run in a circle.
 */
export function treesOf(spans: readonly TraceSpan[]): readonly Branch[] {
  const byId = new Map(spans.map((span) => [span.id, span]))
  const children = Map.groupBy(byId.values(), ({ parentId }) =>
    parentId !== undefined && byId.has(parentId) ? parentId : '',
  )
  const left = new Set(byId.keys())
  const grow = (span: TraceSpan, parent: Place | undefined): Branch => {
    left.delete(span.id)
    const shiftUs = shiftOf(span, parent)
    const place = { span, shiftUs }
    const below = (children.get(span.id) ?? []).filter(({ id }) => left.has(id))
    return {
      span,
      shiftUs,
      startUs: span.startUs + shiftUs,
      orphan: parent === undefined && span.parentId !== undefined,
      children: inOrder(below.map((child) => grow(child, place))),
    }
  }
  const trees = (children.get('') ?? []).map((root) => grow(root, undefined))
  for (const span of byId.values()) if (left.has(span.id)) trees.push(grow(span, undefined))
  return inOrder(trees)
}

interface Place {
  readonly span: TraceSpan
  readonly shiftUs: number
}

/**
 * Machines disagree about the time. A child on another machine that began before its parent is moved: a call into
 * the middle of the caller's span (both ways took equally long), a message to the start of its sending.
 */
function shiftOf(child: TraceSpan, parent: Place | undefined): number {
  if (parent === undefined) return 0
  const { span, shiftUs } = parent
  if (child.service === span.service) return shiftUs
  const early = span.startUs + shiftUs - child.startUs
  const isCall = child.kind === 'server' && child.durationUs <= span.durationUs
  const late = isCall ? endUs(child) - endUs(span) - shiftUs : 0
  if (early <= 0 && late <= 0) return 0
  return isCall ? early + Math.round((span.durationUs - child.durationUs) / 2) : early
}

const inOrder = (branches: readonly Branch[]): readonly Branch[] =>
  [...branches].sort((a, b) => a.startUs - b.startUs)

/** Every branch of these trees, parents first, with its depth. */
export const walk = (
  trees: readonly Branch[],
  depth = 0,
): readonly { readonly branch: Branch; readonly depth: number }[] =>
  trees.flatMap((branch) => [{ branch, depth }, ...walk(branch.children, depth + 1)])
