import { store } from '../model/store.ts'

export const gatewayBooks = store('mariadb', 'pg_mock', {
  summary: 'What the mock payment gateway decided, and the log of every call.',
})
