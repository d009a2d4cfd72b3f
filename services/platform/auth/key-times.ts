/** A key's place in time. Keys are ordered by `usableFrom`; each is current until the next one's time. */
export interface Timed {
  readonly kid: string
  readonly usableFrom: Date
}

/** The key that signs now: the latest whose time has come. */
export function currentOf<Key extends Timed>(keys: readonly Key[], now: number): Key | undefined {
  const ordered = inOrder(keys)
  // A replica whose clock is behind the maker's of the first key still signs with it.
  return ordered.findLast((key) => key.usableFrom.getTime() <= now) ?? ordered[0]
}

/** A key that is published and waits for its time. */
export const nextOf = <Key extends Timed>(keys: readonly Key[], now: number): Key | undefined =>
  inOrder(keys).find((key) => key.usableFrom.getTime() > now)

/** Next, current, and previous ones until `keepMs` after their successor took over. */
export function publishedOf<Key extends Timed>(
  keys: readonly Key[],
  now: number,
  keepMs: number,
): readonly Key[] {
  const ordered = inOrder(keys)
  return ordered.filter((_, index) => {
    const successor = ordered[index + 1]
    return successor === undefined || now < successor.usableFrom.getTime() + keepMs
  })
}

const inOrder = <Key extends Timed>(keys: readonly Key[]): Key[] =>
  [...keys].sort((one, other) => one.usableFrom.getTime() - other.usableFrom.getTime())
