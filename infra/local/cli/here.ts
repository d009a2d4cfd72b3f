import { topology } from '../../../services/topology.ts'
import type { Here } from '../addresses.ts'
import { readInstallation } from '../installation.ts'
import { thisCheckout } from './checkout.ts'

/** The checkout with its topology and what was decided for it. */
export function here(): Here {
  const where = thisCheckout()
  return { topology, where, installation: readInstallation(where) }
}
