import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { stringify } from 'yaml'
import { receiver } from '../infra/drill/receiver.ts'
import { ownServer } from '../infra/local/engines/testing.ts'
import { poll } from '../infra/local/poll.ts'
import { alertmanagerConfig } from './alertmanager.ts'

test('a receiver is told of what fires and of its end; a critical alert mutes its own warnings only', async (t) => {
  const heard = await receiver()
  t.teardown(() => heard.close())
  const folder = await mkdtemp(join(tmpdir(), 'maru-telling-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const config = join(folder, 'alertmanager.yaml')
  await writeFile(config, stringify(alertmanagerConfig({ webhook: heard.url, timeScale: 0.1 })))
  const server = await ownServer('alertmanager', { config })
  t.teardown(() => server.stop())

  const alert = (labels: Record<string, string>, endsAt?: string) => ({
    labels: { alertname: 'AvailabilityBudgetBurn', ...labels },
    ...(endsAt !== undefined && { endsAt }),
  })
  const send = async (alerts: readonly object[]) => {
    const answer = await fetch(`http://127.0.0.1:${server.port}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(alerts),
    })
    t.is(answer.status, 200)
  }
  const pair = 'AvailabilityBudgetBurn'
  const critical = { service: 'search', severity: 'critical', pair }
  await send([
    alert(critical),
    alert({ service: 'search', severity: 'warning', pair }),
    alert({ service: 'catalog', severity: 'warning', pair }),
    alert({ service: 'search', severity: 'warning', alertname: 'SearchIndexingErrorsHigh' }),
  ])
  const told = (status: string) =>
    heard.notices
      .filter((notice) => notice.status === status)
      .map(({ labels }) => `${labels['service']} ${labels['severity']} ${labels['alertname']}`)
      .sort()
  const wait = { withinMs: 30_000, everyMs: 100 }
  await poll(() => (told('firing').length >= 3 ? true : undefined), wait)
  const ended = Date.now()
  await send([alert(critical, new Date().toISOString())])
  await poll(() => (told('resolved').length >= 1 ? true : undefined), wait)
  t.deepEqual(told('resolved'), ['search critical AvailabilityBudgetBurn'])
  // The muted one speaks only when what muted it has ended.
  const before = heard.notices.filter(({ status, at }) => status === 'firing' && at < ended)
  t.deepEqual(
    before
      .map(({ labels }) => `${labels['service']} ${labels['severity']} ${labels['alertname']}`)
      .sort(),
    [
      'catalog warning AvailabilityBudgetBurn',
      'search critical AvailabilityBudgetBurn',
      'search warning SearchIndexingErrorsHigh',
    ],
  )
})
