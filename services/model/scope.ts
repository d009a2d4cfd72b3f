/** A right that a token can carry and a route can ask for, written `verb:thing`. */
export interface Scope {
  readonly kind: 'scope'
  readonly name: `${string}:${string}`
  readonly summary: string
}

/**
 * Declares a scope. Routes and clients refer to the constant, never to the name.
 * @param name `verb:thing`, e.g. `read:rank`; unique in the topology
 * @param summary what the holder may do, one sentence
 */
export function scope(name: Scope['name'], summary: string): Scope {
  return { kind: 'scope', name, summary }
}

/** A machine that asks the auth service for tokens. Its secret is generated per installation. */
export interface Client {
  readonly kind: 'client'
  readonly id: string
  readonly summary: string
  /** The most that a token of this client can carry. */
  readonly scopes: readonly Scope[]
  /** True when the client may ask for tokens whose `sub` is somebody else. */
  readonly impersonates: boolean
}

/** A client before the topology says what `all` is. */
export type DeclaredClient = Omit<Client, 'scopes'> & { readonly scopes: readonly Scope[] | 'all' }

/**
 * Declares a client of the auth service.
 * @param id unique, lower case with dashes
 * @param declared `scopes: 'all'` stands for every scope of the topology; `impersonates` defaults to false
 */
export function client(
  id: string,
  declared: { summary: string; scopes: readonly Scope[] | 'all'; impersonates?: boolean },
): DeclaredClient {
  return { kind: 'client', id, impersonates: false, ...declared }
}
