import type { IncomingHttpHeaders } from 'node:http'

/**
 * Header of a 503 that a service gives because somebody further on is left alone (RFC 9209): it is well itself, so
 * whoever called it need not leave it alone as well.
 * @param next whom it does not ask, e.g. the name of its breaker
 */
export const refusedFor = (service: string, next: string): Record<string, string> => ({
  'proxy-status': `${service}; error=destination_unavailable; next-hop=${next}`,
})

/**
 * Header of a 503 that a service gives because it works on as much as it can: leaving it alone would make it idle, and
 * it is as full again when it is asked again.
 */
export const refusedAsFull = (service: string): Record<string, string> => ({
  'proxy-status': `${service}; error=connection_limit_reached`,
})

const refusals = /;\s*error=(destination_unavailable|connection_limit_reached)\b/

/** Whether an answer is one of these 503s. */
export const isRefusal = (status: number, headers: IncomingHttpHeaders): boolean =>
  status === 503 && refusals.test(String(headers['proxy-status']))
