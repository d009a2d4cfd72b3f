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
  /** The merchant that it stands for; its tokens say so. */
  readonly merchant?: string
  /** The only environments that have it; all by default. */
  readonly only?: readonly string[]
}

/** A client before the topology says what `all` is. */
export type DeclaredClient = Omit<Client, 'scopes'> & { readonly scopes: readonly Scope[] | 'all' }

/**
 * Declares a client of the auth service.
 * @param id unique, lower case with dashes
 * @param declared `scopes: 'all'` stands for every scope that a route asks for; `impersonates` defaults to false
 */
export function client(
  id: string,
  declared: Pick<DeclaredClient, 'summary' | 'scopes'> &
    Partial<Pick<Client, 'impersonates' | 'merchant' | 'only'>>,
): DeclaredClient {
  return { kind: 'client', id, impersonates: false, ...declared }
}

/** A client with its secret, as an installation tells it to the auth service. */
export interface Credentials {
  readonly id: string
  readonly secret: string
  readonly scopes: readonly string[]
  readonly impersonates: boolean
  readonly merchant?: string
}

export const credentialsOf = (
  { id, scopes, impersonates, merchant }: Client,
  secret: string,
): Credentials => ({
  id,
  secret,
  scopes: scopes.map(({ name }) => name),
  impersonates,
  ...(merchant !== undefined && { merchant }),
})
