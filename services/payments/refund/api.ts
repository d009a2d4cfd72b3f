import { breakerNames } from '../kit/breaker-names.ts'
import { workerApi } from '../kit/api.ts'
import { overdue } from './overdue.ts'

export const api = workerApi({
  name: 'refund',
  late: overdue.name,
  breaker: breakerNames.refund,
})
