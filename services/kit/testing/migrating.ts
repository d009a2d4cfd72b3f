import { createLog } from '../log.ts'
import { migrate, migrationsFrom, type SqlLogin } from '../migrate.ts'

/** A process of its own that applies one file, to be killed in the middle of it. */
const { login, text } = JSON.parse(process.argv[2] ?? '') as { login: SqlLogin; text: string }
const migrations = migrationsFrom('things', new Map([['0001_step.sql', text]]))
const log = createLog({ service: 'test', instance: 'migrating', level: 'silent' })
await migrate(login, [{ namespace: 'things', migrations }], log)
