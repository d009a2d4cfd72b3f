import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { madeOnce } from '../local/engines/lock.ts'

const requirements = join(import.meta.dirname, 'requirements.txt')
const config = join(import.meta.dirname, 'schemathesis.toml')
const installWithinMs = 300_000

/** What a run is held against. */
export interface Probe {
  /** Where the document is. */
  readonly document: string
  /** Where the operations are. */
  readonly url: string
  readonly token: string
  /** Test cases an operation, at most. */
  readonly cases: number
}

/** What a run said. */
export interface Report {
  readonly passed: boolean
  /** Operations that were driven. */
  readonly driven: number
  readonly text: string
}

/**
 * Schemathesis in a Python environment of the user's cache, installed once per set of versions.
 * @throws Error that says what is missing
 */
export async function schemathesis(cache: string, say: (line: string) => void): Promise<string> {
  const versions = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
  const folder = join(cache, `schemathesis-${versions.slice(0, 10)}`)
  const turn = {
    file: join(cache, 'schemathesis.lock'),
    what: 'install Schemathesis',
    deadlineMs: installWithinMs,
    say,
  }
  await mkdir(cache, { recursive: true })
  await madeOnce(folder, turn, () => install(folder))
  return join(folder, 'bin/python')
}

async function install(folder: string): Promise<void> {
  const draft = `${folder}.making`
  await rm(draft, { recursive: true, force: true })
  try {
    await execa('python3', ['-m', 'venv', draft])
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
    await execa(join(draft, 'bin/python'), [...pip, '-r', requirements], {
      timeout: installWithinMs,
    })
  } catch (error) {
    const { shortMessage, message } = error as { shortMessage?: string; message: string }
    throw new Error(
      `Schemathesis needs Python ≥ 3.10 with venv (Debian: apt-get install python3-venv): ${shortMessage ?? message}`,
      { cause: error },
    )
  }
  await rename(draft, folder)
}

/** Drives every operation of a document with good and bad input, and judges every answer by the document. */
export async function probe(
  python: string,
  { document, url, token, cases }: Probe,
): Promise<Report> {
  const words = [
    ...['-m', 'schemathesis.cli', '--config-file', config, 'run', document, '--url', url],
    ...['-H', `Authorization: Bearer ${token}`],
    ...['--phases', 'examples,coverage,fuzzing', '--max-examples', String(cases)],
    ...['--checks', 'all', '--exclude-checks', leftOut, '--continue-on-failure'],
    ...['--suppress-health-check', 'all', '--no-color', '--seed', '1'],
  ]
  // Its folder of notes is not wanted in the repository.
  const done = await execa(python, words, { reject: false, all: true, cwd: '/' })
  const driven = Number(/^\s*Tested: (\d+)$/m.exec(done.all)?.[1])
  return { passed: done.exitCode === 0, driven, text: done.all }
}

/** Made-up ids are not there, and made-up times are not now: that good data is taken is shown by each service's tests. */
const leftOut = 'positive_data_acceptance'
