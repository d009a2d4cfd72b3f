import { oauthProblem } from './oauth-problem.ts'
import type { ClientRow, RefreshRow } from './store.ts'

/** What a token request without `scope` gets (contract), as far as the client may have it. */
const defaultScopes = ['read:rank', 'read:search']

/**
 * Scopes of a new grant. Asking for more than the client may have is refused, never narrowed silently.
 * Without `scope`: the default ones that the client has; a client that has none of them gets all of its own, because
 * an empty token serves nobody.
 * @throws Problem 400 invalid_scope
 */
export function grantedScopes(client: ClientRow, asked: string | undefined): readonly string[] {
  if (asked === undefined || asked === '') {
    const usual = defaultScopes.filter((scope) => client.scopes.includes(scope))
    return usual.length > 0 ? usual : client.scopes
  }
  return narrowed(asked, client.scopes)
}

/**
 * Whom the token is for: the client itself, or `sub` when it may impersonate.
 * @throws Problem 400 invalid_request, unauthorized_client
 */
export function grantedSubject(client: ClientRow, sub: string | undefined): string {
  if (sub === undefined || sub === client.id) return client.id
  if (!/^[\x21-\x7e]{1,128}$/.test(sub))
    throw oauthProblem('invalid_request', 'sub must have 1 to 128 visible ASCII characters.')
  if (!client.impersonates)
    throw oauthProblem('unauthorized_client', 'This client may not ask for tokens of others.')
  return sub
}

/** Why a refresh token is not good; `used` means theft or a bug, and costs the family. */
export type Verdict = 'good' | 'unknown' | 'used'

/** Judges a refresh token that a client presents. Whose it is not learns no more than that it is unknown. */
export function judged(
  token: RefreshRow | undefined,
  by: { clientId: string; sub: string | undefined; now: number },
): Verdict {
  if (!token || token.clientId !== by.clientId || token.revokedAt) return 'unknown'
  if (token.usedAt) return 'used'
  if (token.expiresAt.getTime() <= by.now) return 'unknown'
  return by.sub === undefined || by.sub === token.subject ? 'good' : 'unknown'
}

/**
 * Scopes of a refreshed pair: never more than before, nor more than the client may have by now.
 * @throws Problem 400 invalid_scope
 */
export function refreshedScopes(
  token: RefreshRow,
  client: ClientRow,
  asked: string | undefined,
): readonly string[] {
  const still = token.scopes.filter((scope) => client.scopes.includes(scope))
  return asked === undefined || asked === '' ? still : narrowed(asked, still)
}

function narrowed(asked: string, allowed: readonly string[]): readonly string[] {
  const wanted = [...new Set(asked.split(' ').filter(Boolean))]
  const excess = wanted.filter((scope) => !allowed.includes(scope))
  if (wanted.length > 0 && excess.length === 0) return wanted
  throw oauthProblem('invalid_scope', 'The scope has words that this client may not have.')
}
