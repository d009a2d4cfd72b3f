import { connect } from '../kafka/client.ts'
import { offsetsOf, type Offsets } from '../kafka/offsets.ts'

/** Where a bench's topics are. */
export interface Shelf {
  /** Brokers, comma separated. */
  readonly bootstrap: string
  /** Before topic and group names. */
  readonly prefix: string
}

/** Offsets as a test sees them, beside the services. */
export interface KafkaAdmin extends Offsets {
  close(): Promise<void>
}

export async function kafkaAdmin(shelf: Shelf): Promise<KafkaAdmin> {
  const connection = connect({ ...shelf, clientId: 'bench' })
  const admin = connection.client.admin({ retry: { initialRetryTime: 100, retries: 10 } })
  await admin.connect()
  return { ...offsetsOf(admin, connection), close: () => admin.disconnect() }
}
