import { jwksCacheMs } from '../../kit/auth.ts'
import type { Handlers } from '../../kit/http.ts'
import { jwksPath } from '../../model/topology.ts'
import type { api } from './api.ts'
import type { grants } from './grants.ts'
import type { KeyRing } from './keys.ts'
import { noStore } from './oauth-problem.ts'

/** What the routes are made with. */
export interface RouteParts {
  readonly issuer: string
  readonly scopes: readonly string[]
  readonly keys: KeyRing
  readonly grants: ReturnType<typeof grants>
}

const keysHeaders = { 'cache-control': `public, max-age=${jwksCacheMs / 1000}` }

/** One handler per route of the api. */
export function handlers({ issuer, scopes, keys, grants }: RouteParts): Handlers<typeof api> {
  return {
    token: async ({ headers, body }) => {
      const pair = await grants.token(headers['authorization'] as string | undefined, body)
      return { status: 200, headers: noStore, body: pair }
    },
    refresh: async ({ headers, body }) => {
      const form = { ...body, grant_type: body.grant_type ?? 'refresh_token' }
      const pair = await grants.token(headers['authorization'] as string | undefined, form)
      return { status: 200, headers: noStore, body: pair }
    },
    revoke: async ({ headers, body }) => {
      await grants.revoke(headers['authorization'] as string | undefined, body)
      return { status: 200, headers: noStore }
    },
    rotateKeys: async () => {
      const { kid, usableFrom } = await keys.rotate()
      return { status: 200, headers: noStore, body: { kid, usableFrom: usableFrom.toISOString() } }
    },
    jwks: () => ({ status: 200, headers: keysHeaders, body: { keys: keys.published() } }),
    metadata: () => ({ status: 200, headers: keysHeaders, body: metadata(issuer, scopes) }),
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
