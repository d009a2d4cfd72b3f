/** A test by its title and its file. */
type Shown = readonly [title: string, file: string]

/** A fault, whom it meets, what is promised then, and what shows that the promise is kept. */
export interface Cell {
  readonly fault: string
  readonly target: string
  readonly promises: readonly string[]
  /** Names of faults of `./maru prove faults`, those of other suites behind the suite’s name and a slash; or drills. */
  readonly trials: readonly string[]
  readonly tests: readonly Shown[]
}

/** What makes cells whose tests are in these files. `promises` are separated by blanks. */
export const cellsWith =
  <Name extends string>(files: Readonly<Record<Name, string>>) =>
  (
    fault: string,
    target: string,
    promises: string,
    shown: {
      readonly trials?: readonly string[]
      readonly tests?: readonly (readonly [title: string, file: Name])[]
    },
  ): Cell => ({
    fault,
    target,
    promises: promises.split(' '),
    trials: shown.trials ?? [],
    tests: (shown.tests ?? []).map(([title, file]) => [title, files[file]]),
  })
