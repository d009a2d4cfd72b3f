import test from 'ava'
import { createConnection } from 'mariadb'
import { asked, checkout, up, until, type PsRow, type Up } from '../cli/testing.ts'

// A service of its own: no product keeps its data in MariaDB yet.
test('a service with a MariaDB store runs, lives through a kill of its server, and keeps its data', async (t) => {
  t.timeout(300_000)
  const one = checkout(t)
  t.is((await one.maru('new', 'payments/sample-books', '--store', 'mariadb')).code, 0)
  const rows = () => asked<PsRow[]>(t, one, 'ps')
  const named = async (name: string) => (await rows()).find((row) => row.name === name)
  const start = async (): Promise<Up> => {
    await up(t, one, '--only', 'sample-books')
    return asked<Up>(t, one, 'env')
  }
  /** What a visitor is told; undefined while the service cannot. */
  const greet = async (env: Up): Promise<string | undefined> => {
    const url = `${env.services['sample-books']?.instances[0]?.url}/sample-books/Mina`
    const answer = await fetch(url, { method: 'POST', signal: AbortSignal.timeout(5000) })
    return answer.ok ? ((await answer.json()) as { greeting: string }).greeting : undefined
  }

  const env = await start()
  t.is(await greet(env), 'Hello, Mina.')
  const url = env.mariadb['sample-books'] ?? ''
  t.regex(url, /^mariadb:\/\/sample_books:.+@127\.0\.0\.1:\d+\/sample_books$/)
  t.true((await one.maru('env')).out.includes(`export MARIADB_SAMPLE_BOOKS_URL='${url}'`))
  t.false((await rows()).some(({ name }) => name === 'postgres'))

  const connection = await createConnection(url)
  t.deepEqual(await connection.query('select visitor from visits'), [{ visitor: 'Mina' }])
  connection.on('error', () => undefined)
  process.kill((await named('mariadb'))?.pid ?? NaN, 'SIGKILL')
  const again = await until(async () => {
    const row = await named('mariadb')
    return row?.restarts === 1 && row.phase === 'running' ? row : undefined
  })
  t.truthy(again.pid)
  t.is(await until(() => greet(env)), 'Hello again, Mina: visit 2.')

  const asksToStop = performance.now()
  t.is((await one.maru('down')).code, 0)
  t.log(`down took ${Math.round(performance.now() - asksToStop)} ms`)
  t.true(performance.now() - asksToStop < 20_000)
  t.is(await greet(await start()), 'Hello again, Mina: visit 3.')
})
