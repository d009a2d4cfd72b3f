/** Why something that is asked for is left to people: its record becomes a dead letter, an operator is told so. */
export class Objection extends Error {
  readonly code: 'CONTRADICTION' | 'NOT_REPLAYABLE'
  constructor(code: Objection['code'], message: string) {
    super(message)
    this.name = 'Objection'
    this.code = code
  }
}
