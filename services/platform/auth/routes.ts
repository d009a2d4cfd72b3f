import { isIP } from 'node:net'
import { jwksCacheMs } from '../../kit/auth.ts'
import type { Handlers } from '../../kit/http.ts'
import { limitKeyOf } from '../../kit/limit-key.ts'
import { jwksPath } from '../../model/topology.ts'
import type { api } from './api.ts'
import type { Audit } from './audit.ts'
import type { Asker, grants } from './grants.ts'
import type { KeyRing } from './keys.ts'
import { noStore } from './oauth-problem.ts'

/** What the routes are made with. */
export interface RouteParts {
  readonly issuer: string
  readonly scopes: readonly string[]
  readonly keys: KeyRing
  readonly grants: ReturnType<typeof grants>
  readonly audit: Audit
}

const keysHeaders = { 'cache-control': `public, max-age=${jwksCacheMs / 1000}` }

/** One handler per route of the api. */
export function handlers({
  issuer,
  scopes,
  keys,
  grants,
  audit,
}: RouteParts): Handlers<typeof api> {
  return {
    token: async ({ headers, body }) => {
      const pair = await grants.token(askerOf(headers), body)
      return { status: 200, headers: noStore, body: pair }
    },
    refresh: async ({ headers, body }) => {
      const form = { ...body, grant_type: body.grant_type ?? 'refresh_token' }
      const pair = await grants.token(askerOf(headers), form)
      return { status: 200, headers: noStore, body: pair }
    },
    revoke: async ({ headers, body }) => {
      await grants.revoke(askerOf(headers), body)
      return { status: 200, headers: noStore }
    },
    rotateKeys: async ({ claims, headers }) => {
      const { kid, usableFrom } = await keys.rotate()
      const { clientId = '', subject = '' } = claims ?? {}
      const { address = '' } = askerOf(headers)
      await audit.note('key rotated', { clientId, subject, address }, { kid })
      return { status: 200, headers: noStore, body: { kid, usableFrom: usableFrom.toISOString() } }
    },
    jwks: () => ({ status: 200, headers: keysHeaders, body: { keys: keys.published() } }),
    metadata: () => ({ status: 200, headers: keysHeaders, body: metadata(issuer, scopes) }),
  }
}

/** The front door writes the client's address, and only it can reach this service from outside. */
function askerOf(headers: Readonly<Record<string, string | string[] | undefined>>): Asker {
  const { authorization, 'x-forwarded-for': chain } = headers
  const address = String(chain ?? '')
    .split(',')
    .at(-1)
    ?.trim()
  return {
    authorization: authorization as string | undefined,
    address: address !== undefined && isIP(address) > 0 ? limitKeyOf(address) : undefined,
  }
}

const ways = ['client_secret_basic', 'client_secret_post']

const metadata = (issuer: string, scopes: readonly string[]) => ({
  issuer,
  token_endpoint: `${issuer}/token`,
  revocation_endpoint: `${issuer}/token/revoke`,
  jwks_uri: `${issuer}${jwksPath}`,
  scopes_supported: scopes,
  grant_types_supported: ['client_credentials', 'refresh_token'],
  response_types_supported: [],
  token_endpoint_auth_methods_supported: ways,
  revocation_endpoint_auth_methods_supported: ways,
})
