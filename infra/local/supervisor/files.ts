import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Contact, Entry } from './spec.ts'

/** The supervisor's files in a checkout's state folder. */
export const filesOf = (state: string) => ({
  contact: join(state, 'supervisor.json'),
  journal: join(state, 'processes.json'),
  pids: join(state, 'run'),
  logs: join(state, 'logs'),
})

export const readContact = (state: string): Contact | undefined => read(filesOf(state).contact)

export const readJournal = (state: string): readonly Entry[] =>
  read<Entry[]>(filesOf(state).journal) ?? []

/** Replaces a JSON file so that it is seen whole; only we may read it. */
export function writeJson(file: string, value: unknown): void {
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, `${JSON.stringify(value)}\n`, { mode: 0o600 })
  renameSync(draft, file)
}

/** Writes the journal and one pid file for each process, for people and scripts. */
export function writeJournal(state: string, entries: readonly Entry[]): void {
  const { journal, pids } = filesOf(state)
  writeJson(journal, entries)
  rmSync(pids, { recursive: true, force: true })
  mkdirSync(pids, { recursive: true, mode: 0o700 })
  for (const { name, pid } of entries) writeFileSync(join(pids, `${name}.pid`), `${pid}\n`)
}

/** The log file of a process. */
export const logOf = (state: string, name: string): string =>
  join(filesOf(state).logs, `${name}.log`)

function read<Value>(file: string): Value | undefined {
  if (!existsSync(file)) return undefined
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Value
  } catch {
    // Another process may have taken it away in between.
    return undefined
  }
}
