import { counter } from '../../model/metric.ts'

export const changes = counter<'change'>('catalog_changes_total', {
  help: 'Titles that were created, updated or deleted',
  labels: { change: ['created', 'updated', 'deleted'] },
})

export const conflicts = counter<'reason'>('catalog_conflicts_total', {
  help: 'Changes that were refused because the title was not at the expected version',
  labels: { reason: ['if_match', 'version'] },
})
