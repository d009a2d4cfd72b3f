export type PublishErrorCode = 'TOO_LARGE' | 'REFUSED' | 'UNAVAILABLE' | 'TIMEOUT' | 'OVERLOADED'

/**
 * A message was not acknowledged. `TOO_LARGE` and `REFUSED` are the message's own fault and stay; the others pass.
 * After `TIMEOUT` it is unknown whether the broker has the message.
 */
export class PublishError extends Error {
  readonly code: PublishErrorCode
  /** Whether the same message may succeed later. */
  readonly retriable: boolean
  constructor(code: PublishErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'PublishError'
    this.code = code
    this.retriable = code !== 'TOO_LARGE' && code !== 'REFUSED'
  }
}
