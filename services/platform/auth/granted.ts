/** What a token says. */
export interface Granted {
  readonly clientId: string
  readonly subject: string
  readonly scopes: readonly string[]
  /** The merchant that its client stands for. */
  readonly merchant: string | null
}
