import { hostPortOf } from '../sites.ts'
import { processesHere } from './checkout.ts'
import { EnvironmentError } from './command.ts'
import { here } from './here.ts'

/** Address of the Prometheus that runs here. @throws EnvironmentError when none does */
export async function prometheusHere(): Promise<string> {
  const runs = (await processesHere()).some(({ name }) => name === 'prometheus')
  if (!runs)
    throw new EnvironmentError('No Prometheus runs in this checkout: start it with ./maru up.')
  return `http://${hostPortOf('prometheus', here().installation)}`
}
