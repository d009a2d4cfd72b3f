import { z } from 'zod'
import { route, type Answer } from '../../model/route.ts'
import { adminAuth } from '../scopes.ts'

/**
 * Fields are checked by the grant rules and not here: OAuth has error codes of its own (RFC 6749 §5.2), which a
 * validation problem would hide.
 */
const tokenForm = z.object({
  grant_type: z.string().optional(),
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
  scope: z.string().optional().describe('Space separated; must be allowed to the client'),
  sub: z.string().optional().describe('Only for clients that may impersonate'),
  refresh_token: z.string().optional(),
})
export type TokenForm = z.output<typeof tokenForm>

const revocationForm = z.object({
  token: z.string().optional(),
  token_type_hint: z.string().optional(),
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
})
export type RevocationForm = z.output<typeof revocationForm>

const pair = z.object({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.int().describe('Seconds'),
  refresh_token: z.string(),
  refresh_expires_in: z.int().describe('Seconds'),
  scope: z.string(),
})

const publicKey = z.object({
  kty: z.literal('RSA'),
  kid: z.string(),
  n: z.string(),
  e: z.string(),
  use: z.literal('sig'),
  alg: z.literal('RS256'),
})

const noStore = { 'cache-control': 'no-store' }
const oauthErrors: Readonly<Record<number, Answer>> = {
  400: { summary: 'OAuth error: invalid_request, invalid_grant, invalid_scope, …' },
  401: { summary: 'invalid_client', headers: { 'www-authenticate': 'Basic' } },
}

export const api = {
  token: route('POST /token', {
    summary:
      'Access and refresh token by the grants client_credentials and refresh_token. Without `scope`: read:rank and read:search as far as the client has them, else all its scopes.',
    access: 'public',
    encoding: 'form',
    body: tokenForm,
    answers: { 200: { summary: 'A token pair', schema: pair, headers: noStore }, ...oauthErrors },
  }),
  refresh: route('POST /token/refresh', {
    summary: 'The same as /token with grant_type=refresh_token.',
    access: 'public',
    encoding: 'form',
    body: tokenForm,
    answers: { 200: { summary: 'A token pair', schema: pair, headers: noStore }, ...oauthErrors },
  }),
  revoke: route('POST /token/revoke', {
    summary: 'Revokes a refresh token with its whole family (RFC 7009).',
    access: 'public',
    encoding: 'form',
    body: revocationForm,
    answers: { 200: { summary: 'Revoked, or unknown' }, ...oauthErrors },
  }),
  rotateKeys: route('POST /keys/rotate', {
    summary: 'Publishes a new signing key, which takes over after two cache times of the key set.',
    access: adminAuth,
    answers: {
      200: {
        summary: 'The next key; the one that is waiting already when there is one',
        schema: z.object({ kid: z.string(), usableFrom: z.iso.datetime() }),
      },
    },
  }),
  jwks: route('GET /.well-known/jwks.json', {
    summary: 'Public keys: next, current and those that unexpired tokens may carry.',
    access: 'public',
    answers: {
      200: {
        summary: 'JSON Web Key Set',
        schema: z.object({ keys: z.array(publicKey) }),
        headers: { 'cache-control': 'max-age=60' },
      },
    },
  }),
  metadata: route('GET /.well-known/oauth-authorization-server', {
    summary: 'Authorization server metadata (RFC 8414).',
    access: 'public',
    answers: {
      200: {
        summary: 'Metadata',
        schema: z.object({
          issuer: z.string(),
          token_endpoint: z.string(),
          revocation_endpoint: z.string(),
          jwks_uri: z.string(),
          scopes_supported: z.array(z.string()),
          grant_types_supported: z.array(z.string()),
          response_types_supported: z.array(z.string()),
          token_endpoint_auth_methods_supported: z.array(z.string()),
          revocation_endpoint_auth_methods_supported: z.array(z.string()),
        }),
      },
    },
  }),
}
