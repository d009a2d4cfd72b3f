import type { ServerResponse } from 'node:http'

/**
 * Sets headers of an answer whose head is not written yet, else nothing. For hot paths: koa's `ctx.set` makes several
 * lists of each header.
 */
export function setHeaders(
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
): void {
  if (response.headersSent) return
  for (const name of Object.keys(headers)) response.setHeader(name, headers[name] ?? '')
}
