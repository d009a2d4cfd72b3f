/** Something that has a place in an order. */
interface Keyed {
  readonly key: string
}

/** What each stream says under one key. */
export type Joined<T extends Readonly<Record<string, Keyed>>> = Keyed & {
  readonly [Name in keyof T]?: T[Name]
}

/**
 * Goes through several streams at once, each in the order of its keys: all that they say under one key comes together.
 * No more of a stream is held than its reader holds.
 */
export async function* joined<T extends Readonly<Record<string, Keyed>>>(streams: {
  readonly [Name in keyof T]: AsyncIterator<T[Name]>
}): AsyncGenerator<Joined<T>> {
  const heads = await Promise.all(
    Object.entries<AsyncIterator<Keyed>>(streams).map(async ([name, stream]) => {
      const head = { name, stream, value: undefined as Keyed | undefined }
      await advance(head)
      return head
    }),
  )
  for (;;) {
    const key = least(heads.flatMap(({ value }) => value?.key ?? []))
    if (key === undefined) return
    const said = heads.filter(({ value }) => value?.key === key)
    const values = Object.fromEntries(said.map(({ name, value }) => [name, value]))
    yield { ...values, key } as Joined<T>
    await Promise.all(said.map(advance))
  }
}

async function advance(head: { stream: AsyncIterator<Keyed>; value: Keyed | undefined }) {
  const next = await head.stream.next()
  head.value = next.done === true ? undefined : next.value
}

const least = (keys: readonly string[]): string | undefined =>
  keys.reduce<string | undefined>(
    (one, other) => (one !== undefined && one <= other ? one : other),
    undefined,
  )
