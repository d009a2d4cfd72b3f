import { counter } from '../../model/metric.ts'

export const tokensIssued = counter<'grant'>('auth_token_issued_total', {
  help: 'Access tokens issued',
  labels: { grant: ['client_credentials', 'refresh_token'] },
})

export const tokensRefreshed = counter('auth_token_refreshed_total', {
  help: 'Refresh tokens exchanged for a new pair',
})

export const refreshReused = counter('auth_refresh_token_reused_total', {
  help: 'Refresh tokens that came a second time, so that their whole family was revoked',
})

export const tokensRevoked = counter('auth_token_revoked_total', {
  help: 'Refresh token families revoked by their clients',
})

export const grantsRefused = counter<'error'>('auth_grant_refused_total', {
  help: 'Token requests refused, by OAuth error code',
  labels: {
    error: [
      'invalid_request',
      'invalid_client',
      'invalid_grant',
      'invalid_scope',
      'unauthorized_client',
      'unsupported_grant_type',
      'unsupported_token_type',
    ],
  },
})

export const loginsThrottled = counter<'by'>('auth_login_throttled_total', {
  help: 'Token requests that were told to wait after too many failed logins',
  labels: { by: ['client', 'address'] },
})

export const keyRotations = counter('auth_key_rotation_total', {
  help: 'Signing keys made by a rotation',
})
