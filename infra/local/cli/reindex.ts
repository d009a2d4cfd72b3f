import type { Command } from './command.ts'
import { registerTask } from './service-task.ts'

export const register = (program: Command): void =>
  registerTask(program, 'reindex', 'read everything into a new index and switch readers to it')
