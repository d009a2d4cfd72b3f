import { scope } from '../model/scope.ts'

export const adminAuth = scope('admin:auth', 'Rotate token keys and revoke tokens.')
