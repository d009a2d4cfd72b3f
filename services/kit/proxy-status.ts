import type { IncomingHttpHeaders } from 'node:http'

/**
 * Header of a 503 that a service gives because somebody further on is left alone (RFC 9209): it is well itself, so
 * whoever called it need not leave it alone as well.
 * @param next whom it does not ask, e.g. the name of its breaker
 */
export const refusedFor = (service: string, next: string): Record<string, string> => ({
  'proxy-status': `${service}; error=destination_unavailable; next-hop=${next}`,
})

/** Whether an answer is such a 503. */
export const isRefusal = (status: number, headers: IncomingHttpHeaders): boolean =>
  status === 503 && /;\s*error=destination_unavailable\b/.test(String(headers['proxy-status']))
