import { kafka } from '../../services/kit/kafka.ts'
import { relay } from '../../services/kit/outbox.ts'
import { sellingWith } from './seller.ts'

await sellingWith(async (context, database) =>
  relay(context, database, await kafka(context).publisher()),
)
