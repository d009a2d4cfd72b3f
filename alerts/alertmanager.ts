/** How long Alertmanager waits before it tells, and again (contract: times of the earlier system). */
const waits = { group: '10s', interval: '10s', repeat: '12h' }

/**
 * Routes by severity. Receivers are empty here: whoever runs Maru says where pages go. A critical alert of a service
 * mutes its warnings of the same `pair`, so that one trouble is told once.
 */
export const alertmanagerConfig = {
  global: { resolve_timeout: '5m' },
  route: {
    receiver: 'default',
    group_by: ['alertname', 'service'],
    group_wait: waits.group,
    group_interval: waits.interval,
    repeat_interval: waits.repeat,
    routes: [
      {
        receiver: 'critical-alerts',
        matchers: ['severity="critical"'],
        group_wait: '5s',
        repeat_interval: '1h',
      },
      { receiver: 'warning-alerts', matchers: ['severity="warning"'], repeat_interval: '6h' },
    ],
  },
  receivers: [{ name: 'default' }, { name: 'critical-alerts' }, { name: 'warning-alerts' }],
  inhibit_rules: [
    {
      source_matchers: ['severity="critical"'],
      target_matchers: ['severity="warning"', 'pair=~".+"'],
      equal: ['service', 'pair'],
    },
  ],
}
