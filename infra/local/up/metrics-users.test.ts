import test from 'ava'
import { createConnection } from 'mariadb'
import { provisionMariadb } from '../../../services/kit/provision-mariadb.ts'
import { ownServer } from '../engines/testing.ts'
import { metricsUser } from '../sites.ts'
import { grantMetricsUser } from './metrics-users.ts'

test('MariaDB’s exporter sees figures of the server, and no row of a store', async (t) => {
  const server = await ownServer('mariadb')
  t.teardown(() => server.stop())
  const at = { host: '127.0.0.1', port: server.port }
  const admin = { ...at, user: 'maru', password: server.site.password }
  await provisionMariadb(admin, { database: 'books', user: 'books', password: 'own' })
  for (const password of ['first', 'second']) await grantMetricsUser.mariadb(admin, password)
  const login = { user: metricsUser, password: 'second' }

  const settings = { address: `127.0.0.1:${server.port}`, ...login }
  const exporter = await ownServer('mariadb-exporter', settings)
  t.teardown(() => exporter.stop())
  const text = await (await fetch(`http://127.0.0.1:${exporter.port}/metrics`)).text()
  t.regex(text, /^mysql_up 1$/m)
  t.regex(text, /^mysql_global_status_threads_connected [1-9]/m)
  t.regex(text, /^mysql_global_variables_max_connections 200$/m)
  t.notRegex(text, /^mysql_exporter_collector_success\{.*\} 0$/m)

  const owner = await createConnection({ ...at, user: 'books', password: 'own' })
  await owner.query('create table books.t (id int)')
  await owner.end()
  const reader = await createConnection({ ...at, ...login })
  t.teardown(() => reader.end())
  await t.throwsAsync(reader.query('select * from books.t'), { message: /denied/ })
})
