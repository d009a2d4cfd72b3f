/** What a token says. */
export interface Granted {
  readonly clientId: string
  readonly subject: string
  readonly scopes: readonly string[]
}
