import { run } from '../../kit/run.ts'
import service from './service.ts'
import { start } from './start.ts'

await run(service, start)
