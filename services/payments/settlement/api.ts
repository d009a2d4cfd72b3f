import { workerApi } from '../kit/api.ts'
import { overdue } from './overdue.ts'

export const api = workerApi('settlement', overdue.name)
