import type { Service } from '../model/service.ts'
import type { Topic } from '../model/topic.ts'
import { causeHeaderTexts } from './dead-letter.ts'
import { outputSchema } from './json-schema.ts'

/** Whether a service has something to say in AsyncAPI. */
export const hasMessages = ({ publishes, consumes }: Service): boolean =>
  publishes.length + consumes.length > 0

/** AsyncAPI 3.0 document of what a service publishes and consumes; undefined when it does neither. */
export function asyncApi(service: Service): Record<string, unknown> | undefined {
  if (!hasMessages(service)) return undefined
  const consumed = service.consumes.map(({ topic }) => topic)
  const topics = [...new Set([...service.publishes, ...consumed])]
  return {
    asyncapi: '3.0.0',
    info: { title: `maru ${service.name}`, version: '1.0.0', description: service.summary },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(topics.map((topic) => [channelId(topic), channel(topic)])),
    operations: Object.fromEntries([
      ...service.publishes.map((topic) => operation('send', topic, {})),
      ...service.consumes.map(({ topic, group }) =>
        operation('receive', topic, { bindings: { kafka: { groupId: { const: group } } } }),
      ),
    ]),
  }
}

const channelId = (topic: Topic): string => topic.name.replaceAll(/[^A-Za-z0-9]/g, '_')

const operation = (
  action: 'send' | 'receive',
  topic: Topic,
  rest: Record<string, unknown>,
): [string, unknown] => [
  `${action}_${channelId(topic)}`,
  { action, channel: { $ref: `#/channels/${channelId(topic)}` }, summary: topic.summary, ...rest },
]

const channel = (topic: Topic): Record<string, unknown> => ({
  address: topic.name,
  description: topic.summary,
  bindings: {
    kafka: {
      topic: topic.name,
      partitions: topic.partitions,
      topicConfiguration: { 'cleanup.policy': ['delete'], 'retention.ms': topic.retentionMs },
    },
  },
  messages: { record: message(topic) },
})

const message = (topic: Topic): Record<string, unknown> => ({
  name: topic.type,
  ...(topic.encoding === 'bytes' ? letter : event(topic)),
  bindings: { kafka: { key: { type: 'string', description: `${topic.key} of the value` } } },
})

const event = (topic: Topic): Record<string, unknown> => ({
  contentType: 'application/json',
  headers: cloudEventHeaders(topic),
  payload: outputSchema(topic.schema),
})

/** A dead letter is a record as it came, with why it is here. */
const letter = {
  contentType: 'application/octet-stream',
  headers: {
    type: 'object',
    required: Object.keys(causeHeaderTexts),
    properties: Object.fromEntries(
      Object.entries(causeHeaderTexts).map(([name, description]) => [
        name,
        { type: 'string', description },
      ]),
    ),
  },
  payload: {},
}

/** CloudEvents 1.0, Kafka binary mode. */
const cloudEventHeaders = (topic: Topic): Record<string, unknown> => ({
  type: 'object',
  required: ['ce_specversion', 'ce_id', 'ce_source', 'ce_type', 'ce_time'],
  properties: {
    ce_specversion: { const: '1.0' },
    ce_id: { type: 'string' },
    ce_source: { type: 'string' },
    ce_type: { const: topic.type },
    ce_time: { type: 'string', format: 'date-time' },
    traceparent: { type: 'string', description: 'W3C trace context' },
  },
})
