import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { askedFor } from './servers.ts'

test('MariaDB is started for runs with a file that asks for it, and for no others', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'maru-files-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  const one = file('one.test.ts', `await testServers('postgres') // mariadb is not wanted`)
  const other = file('other.test.ts', `await testServers('postgres', 'mariadb')`)
  t.deepEqual(askedFor([one]), [])
  t.deepEqual(askedFor([one, other]), ['mariadb'])
})
