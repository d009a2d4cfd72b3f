import { scope } from '../model/scope.ts'

export const readDeadLetters = scope('read:dlq', 'Look at dead letters.')
export const writeDeadLetters = scope('write:dlq', 'Decide about dead letters and send them back.')
export const adminAuth = scope('admin:auth', 'Rotate token keys and revoke tokens.')
