import { places, type Places } from '../paths.ts'
import { findSupervisor, type Supervisor } from '../supervisor/client.ts'
import type { ProcessStatus } from '../supervisor/spec.ts'
import { EnvironmentError } from './command.ts'

/** Folders of the checkout that this file lies in. */
export const thisCheckout = (): Places => places(new URL('../../..', import.meta.url).pathname)

/** The supervisor of this checkout. @throws EnvironmentError when nothing runs */
export function supervisorHere(): Supervisor {
  const found = findSupervisor(thisCheckout().state)
  if (!found) throw new EnvironmentError('Nothing runs in this checkout: start it with ./maru up.')
  return found
}

/** What runs in this checkout; empty when nothing does. */
export const processesHere = async (): Promise<readonly ProcessStatus[]> =>
  (await findSupervisor(thisCheckout().state)?.processes()) ?? []
