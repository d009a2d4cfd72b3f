import type { Edge } from '../../model/edge.ts'
import type { Api, Method, Route } from '../../model/route.ts'

/** What is declared at one path: a route by its method. */
export interface Place<Owner> {
  readonly owner: Owner
  readonly routes: ReadonlyMap<Method, Route>
  /** Value of an `Allow` header. */
  readonly allow: string
  /** True when no route here needs a token. */
  readonly open: boolean
}

/** Finds the place of a normalised path; exact in case, no trailing slash. */
export type RouteTable<Owner> = (path: string) => Place<Owner> | undefined

interface Node<Owner> {
  readonly fixed: Map<string, Node<Owner>>
  parameter: Node<Owner> | undefined
  place: Place<Owner> | undefined
}

/** Prepares the lookup of declared routes: fixed paths by one map, others by segment. */
export function routeTable<Owner>(
  owners: readonly ({ owner: Owner; api: Api } & Public)[],
): RouteTable<Owner> {
  const root = emptyNode<Owner>()
  const exact = new Map<string, Place<Owner>>()
  for (const { owner, api, ...reach } of owners)
    for (const [path, routes] of byPath(api, reach)) {
      const place = placeOf(owner, routes)
      if (!path.includes('/:')) exact.set(path, place)
      else nodeAt(root, path.split('/').slice(1)).place = place
    }
  return (path) => exact.get(path) ?? find(root, path.split('/'), 1)
}

const under = (path: string, prefixes: readonly string[]): boolean =>
  prefixes.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))

/** What of an api the public reaches, and where. */
type Public = Pick<Edge, 'prefixes' | 'base'>

function byPath(api: Api, { prefixes, base }: Public): Map<string, Route[]> {
  const paths = new Map<string, Route[]>()
  for (const route of Object.values(api)) {
    const path = base + route.path
    if (under(route.path, prefixes)) paths.set(path, [...(paths.get(path) ?? []), route])
  }
  return paths
}

function placeOf<Owner>(owner: Owner, routes: readonly Route[]): Place<Owner> {
  const methods = routes.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  return {
    owner,
    routes: new Map(routes.map((route) => [route.method, route])),
    allow: [...methods, 'OPTIONS'].join(', '),
    open: routes.every((route) => route.access === 'public'),
  }
}

const emptyNode = <Owner>(): Node<Owner> => ({
  fixed: new Map(),
  parameter: undefined,
  place: undefined,
})

function nodeAt<Owner>(from: Node<Owner>, segments: readonly string[]): Node<Owner> {
  return segments.reduce((node, segment) => {
    if (segment.startsWith(':')) return (node.parameter ??= emptyNode())
    const next = node.fixed.get(segment) ?? emptyNode<Owner>()
    node.fixed.set(segment, next)
    return next
  }, from)
}

/** A fixed segment wins over a parameter, wherever the rest of the path allows it. */
function find<Owner>(
  node: Node<Owner>,
  segments: readonly string[],
  at: number,
): Place<Owner> | undefined {
  const segment = segments[at]
  if (segment === undefined) return node.place
  const fixed = node.fixed.get(segment)
  const found = fixed && find(fixed, segments, at + 1)
  if (found || segment === '' || !node.parameter) return found
  return find(node.parameter, segments, at + 1)
}
