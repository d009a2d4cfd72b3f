import type { Context } from '../../kit/context.ts'
import type { Granted } from './granted.ts'
import * as metrics from './metrics.ts'
import type { OAuthError } from './oauth-problem.ts'

export type Grant = 'client_credentials' | 'refresh_token'

/** What happens in this service, by name: counter and log line. Tokens and secrets are never part of it. */
export const authEvents = ({ meter, log }: Context) => ({
  tokenIssued: (grant: Grant, { clientId, subject, scopes }: Granted): void => {
    meter.add(metrics.tokensIssued, { grant })
    if (grant === 'refresh_token') meter.add(metrics.tokensRefreshed, undefined)
    log.info({ grant, clientId, subject, scopes }, 'token issued')
  },
  grantRefused: (error: OAuthError, clientId: string | undefined): void => {
    meter.add(metrics.grantsRefused, { error })
    log.info({ error, clientId }, 'grant refused')
  },
  refreshReused: (clientId: string, familyId: string): void => {
    meter.add(metrics.refreshReused, undefined)
    log.warn({ clientId, familyId }, 'refresh token reused, family revoked')
  },
  tokenRevoked: (clientId: string, familyId: string): void => {
    meter.add(metrics.tokensRevoked, undefined)
    log.info({ clientId, familyId }, 'refresh token family revoked')
  },
  throttled: (by: 'client' | 'address'): void => {
    meter.add(metrics.loginsThrottled, { by })
    log.warn({ by }, 'too many failed logins')
  },
  keyRotated: ({ kid, usableFrom }: { kid: string; usableFrom: Date }): void => {
    meter.add(metrics.keyRotations, undefined)
    log.info({ kid, usableFrom }, 'signing key rotated')
  },
})
export type Events = ReturnType<typeof authEvents>
