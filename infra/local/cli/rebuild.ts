import type { Command } from './command.ts'
import { registerTask } from './service-task.ts'

export const register = (program: Command): void =>
  registerTask(program, 'rebuild', 'make anew what a service derives from Kafka, e.g. the rankings')
