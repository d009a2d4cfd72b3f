import { randomBytes } from 'node:crypto'
import { v7 as uuid } from 'uuid'
import type { Context } from '../../kit/context.ts'
import { Problem } from '../../kit/problem.ts'
import { accessTokens } from './access-token.ts'
import type { RevocationForm, TokenForm } from './api.ts'
import type { Audit, Doer } from './audit.ts'
import { credentialsOf, sameHash } from './credentials.ts'
import type { Events, Grant } from './events.ts'
import { grantedScopes, grantedSubject, judged, refreshedScopes } from './grant-rules.ts'
import type { Granted } from './granted.ts'
import type { KeyRing } from './keys.ts'
import { oauthProblem, type OAuthError } from './oauth-problem.ts'
import type { Sealing } from './sealing.ts'
import type auth from './service.ts'
import type { Throttle } from './throttle.ts'
import type { ClientRow, NewRefresh, RefreshRow, Store } from './store.ts'

/** What the grants are made with. */
export interface GrantParts {
  readonly store: Store
  readonly throttle: Throttle
  readonly audit: Audit
  readonly keys: KeyRing
  readonly box: Sealing
  readonly events: Events
}

/** Who asks, as its request tells. */
export interface Asker {
  /** The `Authorization` header. */
  readonly authorization: string | undefined
  /** As the front door saw it; undefined for a caller that comes by itself. */
  readonly address: string | undefined
}

interface Desk extends GrantParts {
  readonly clock: () => number
  readonly accessSeconds: number
  readonly refreshSeconds: number
  readonly sign: (granted: Granted) => Promise<string>
}

/** The token endpoint's work: authenticate the client, then one of the two grants or a revocation. */
export function grants(context: Context<typeof auth>, parts: GrantParts) {
  const { clock, config } = context
  const { accessSeconds, refreshSeconds } = config.settings
  const sign = accessTokens(context, parts.keys)
  const desk: Desk = { ...parts, clock, accessSeconds, refreshSeconds, sign }
  return {
    token: (asker: Asker, form: TokenForm) => counted(desk, form, () => token(desk, asker, form)),
    revoke: (asker: Asker, form: RevocationForm) =>
      counted(desk, form, () => revoke(desk, asker, form)),
  }
}

async function token(desk: Desk, asker: Asker, form: TokenForm) {
  const client = await authenticate(desk, asker, form)
  if (form.grant_type === 'client_credentials') return byCredentials(desk, client, form)
  if (form.grant_type === 'refresh_token') return byRefresh(desk, { client, asker }, form)
  if (!form.grant_type) throw oauthProblem('invalid_request', 'grant_type is missing.')
  throw oauthProblem('unsupported_grant_type', 'Grants are client_credentials and refresh_token.')
}

async function revoke(desk: Desk, asker: Asker, form: RevocationForm): Promise<void> {
  const client = await authenticate(desk, asker, form)
  if (!form.token) throw oauthProblem('invalid_request', 'token is missing.')
  // Access tokens are not kept anywhere; they end by themselves soon.
  if (form.token.includes('.'))
    throw oauthProblem('unsupported_token_type', 'Only refresh tokens can be revoked.')
  const found = await desk.store.refreshByHash(desk.box.hash(form.token))
  if (found?.clientId !== client.id) return
  if (!(await desk.store.revokeFamily(found.familyId, new Date(desk.clock()), 'client'))) return
  desk.events.tokenRevoked(found.clientId, found.familyId)
  await desk.audit.note('token revoked', doer(found, asker), { family: found.familyId })
}

async function authenticate(desk: Desk, asker: Asker, form: RevocationForm): Promise<ClientRow> {
  const { id, secret } = credentialsOf(asker.authorization, form)
  await desk.throttle.admit(asker.address)
  const client = await desk.store.clientById(id)
  if (sameHash(desk.box.hash(secret), client?.secretHash) && client) return client
  const throttled = await desk.throttle.failed(client?.id, asker.address)
  if (throttled) throw throttled
  await desk.audit.note('login refused', doer({ clientId: id, subject: '' }, asker))
  throw oauthProblem('invalid_client', 'The client is unknown or its secret is wrong.')
}

const doer = (
  { clientId, subject }: { readonly clientId: string; readonly subject: string },
  { address = '' }: Asker,
): Doer => ({ clientId, subject, address })

async function byCredentials(desk: Desk, client: ClientRow, form: TokenForm) {
  const scopes = grantedScopes(client, form.scope)
  const subject = grantedSubject(client, form.sub)
  const { secret, row } = newRefresh(desk, scopes)
  await desk.store.startFamily({ id: uuid(), clientId: client.id, subject }, row)
  const { id: clientId, merchant } = client
  return answer(desk, 'client_credentials', { clientId, subject, scopes, merchant }, secret)
}

async function byRefresh(
  desk: Desk,
  { client, asker }: { client: ClientRow; asker: Asker },
  form: TokenForm,
) {
  if (!form.refresh_token) throw oauthProblem('invalid_request', 'refresh_token is missing.')
  const spent = desk.box.hash(form.refresh_token)
  const found = await desk.store.refreshByHash(spent)
  const verdict = judged(found, { clientId: client.id, sub: form.sub, now: desk.clock() })
  if (!found || verdict === 'unknown') throw notGood()
  if (verdict === 'used') return reused(desk, found, asker)
  const scopes = refreshedScopes(found, client, form.scope)
  const { secret, row } = newRefresh(desk, scopes)
  // Of two that come at once one is the second: nobody knows which is the thief (RFC 9700 §4.14.2).
  if (!(await desk.store.exchange(spent, row))) return reused(desk, found, asker)
  const { id: clientId, merchant } = client
  const granted = { clientId, subject: found.subject, scopes, merchant }
  return answer(desk, 'refresh_token', granted, secret)
}

async function reused(
  { store, events, clock, audit }: Desk,
  found: RefreshRow,
  asker: Asker,
): Promise<never> {
  if (await store.revokeFamily(found.familyId, new Date(clock()), 'reuse')) {
    events.refreshReused(found.clientId, found.familyId)
    await audit.note('refresh token reused', doer(found, asker), { family: found.familyId })
  }
  throw notGood()
}

function newRefresh({ box, clock, refreshSeconds }: Desk, scopes: readonly string[]) {
  const secret = randomBytes(32).toString('base64url')
  const now = clock()
  const expiresAt = new Date(now + refreshSeconds * 1000)
  const row: NewRefresh = { hash: box.hash(secret), scopes, issuedAt: new Date(now), expiresAt }
  return { secret, row }
}

async function answer(desk: Desk, grant: Grant, granted: Granted, refreshToken: string) {
  const accessToken = await desk.sign(granted)
  desk.events.tokenIssued(grant, granted)
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: desk.accessSeconds,
    refresh_token: refreshToken,
    refresh_expires_in: desk.refreshSeconds,
    scope: granted.scopes.join(' '),
  }
}

async function counted<Value>(
  { events }: Desk,
  form: RevocationForm,
  work: () => Promise<Value>,
): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    const code = error instanceof Problem ? error.members['error'] : undefined
    if (code) events.grantRefused(code as OAuthError, form.client_id)
    throw error
  }
}

const notGood = (): Problem =>
  oauthProblem('invalid_grant', 'The refresh token is unknown, expired, used or revoked.')
