import { scaledDuration } from './time-scale.ts'

/** How long Alertmanager waits before it tells, and again (contract: times of the earlier system). */
const waits = { group: '10s', interval: '10s', repeat: '12h' }

/** What of the configuration depends on where it runs. */
export interface Telling {
  /** Where notices are sent as JSON (webhook, version 4); by default they are shown and sent nowhere. */
  readonly webhook?: string
  /** All waits times this; 1 by default. */
  readonly timeScale?: number
}

/**
 * Routes by severity. A critical alert of a service mutes its warnings of the same `pair`, so that one trouble is told
 * once.
 */
export function alertmanagerConfig({ webhook, timeScale = 1 }: Telling = {}) {
  const wait = (duration: string): string => scaledDuration(duration, timeScale)
  const receiver = (name: string) => ({
    name,
    ...(webhook !== undefined && { webhook_configs: [{ url: webhook, send_resolved: true }] }),
  })
  return {
    global: { resolve_timeout: wait('5m') },
    route: {
      receiver: 'default',
      group_by: ['alertname', 'service'],
      group_wait: wait(waits.group),
      group_interval: wait(waits.interval),
      repeat_interval: wait(waits.repeat),
      routes: [
        {
          receiver: 'critical-alerts',
          matchers: ['severity="critical"'],
          group_wait: wait('5s'),
          repeat_interval: wait('1h'),
        },
        {
          receiver: 'warning-alerts',
          matchers: ['severity="warning"'],
          repeat_interval: wait('6h'),
        },
      ],
    },
    receivers: ['default', 'critical-alerts', 'warning-alerts'].map(receiver),
    inhibit_rules: [
      {
        source_matchers: ['severity="critical"'],
        target_matchers: ['severity="warning"', 'pair=~".+"'],
        equal: ['service', 'pair'],
      },
    ],
  }
}
