import type { Topic } from '../../model/topic.ts'

/** Which topic a dead letter can be sent back to. */
export interface Origins {
  readonly topics: readonly Topic[]
  /**
   * The topic that a dead letter came from. Only a topic whose dead letters these are is believed; where there is one
   * alone, the letter need not even name it.
   * @param letters name of the dead-letter topic; `claimed`: what the letter says
   */
  of(letters: string, claimed: string): Topic | undefined
}

/** @param topics every topic of the topology that has dead letters */
export const originsOf = (topics: readonly Topic[]): Origins => ({
  topics,
  of: (letters, claimed) => {
    const possible = topics.filter(({ deadLetters }) => deadLetters?.name === letters)
    const named = possible.find(({ name }) => name === claimed)
    return named ?? (possible.length === 1 ? possible[0] : undefined)
  },
})
