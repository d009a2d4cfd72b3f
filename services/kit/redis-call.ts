/** Keys and values; a Buffer is sent byte for byte. */
export type Argument = string | number | Buffer

/** One command of a pipeline: its name, then its arguments. */
export type RedisCommand = readonly [name: string, ...args: Argument[]]

/** What a call may ask for beyond the defaults. */
export interface CallOptions {
  /** How long to wait for the reply; 300 by default. A reply that comes later is dropped: the effect is unknown. */
  readonly timeoutMs?: number
  /** `bytes`: replies hold Buffers instead of strings. */
  readonly replies?: 'text' | 'bytes'
}
