import { consumerRestarts } from '../services/kit/kafka/consumer.ts'
import { batchesFailed } from '../services/kit/kafka/partitions.ts'
import {
  outboxDead,
  outboxOldestAge,
  outboxPending,
  outboxPublished,
} from '../services/kit/relay.ts'
import { consumerLag } from '../services/model/metric.ts'
import type { Topology } from '../services/model/topology.ts'
import deadLetters from '../services/platform/dead-letters/service.ts'
import exporter from '../services/platform/kafka-exporter/service.ts'
import type { Board, MetricPanel } from './board.ts'
import { over, panelRange, rate, topicRate } from './queries.ts'
import { slowestRecords, slowRecords } from './traces.ts'

/** What goes through the topics, how far behind it is read, and what gets stuck. */
export const kafkaBoard = (topology: Topology): Board => ({
  uid: 'maru-kafka',
  title: 'Kafka',
  product: 'platform',
  summary: 'What goes through the topics, how far behind it is read, and what gets stuck.',
  rows: [
    { title: 'Throughput', panels: [...throughput, slowestRecords] },
    { title: 'Consumers', panels: [...consumers, slowRecords] },
    { title: 'Dead letters', panels: letters(topology) },
    { title: 'Outboxes', panels: outboxes },
  ],
})

const throughput: readonly MetricPanel[] = [
  {
    title: 'Records written',
    description: 'Records that are appended to each topic, per second.',
    unit: 'wps',
    lines: [
      { query: rate(exporter.metrics.endOffset.name, panelRange, ['topic']), legend: '{{topic}}' },
    ],
  },
  {
    title: 'Records read',
    description: 'Records that each group has done with, per second.',
    unit: 'rps',
    lines: [
      {
        query: rate(exporter.metrics.groupOffset.name, panelRange, ['group', 'topic']),
        legend: '{{group}} {{topic}}',
      },
    ],
  },
]

const consumers: readonly MetricPanel[] = [
  {
    title: 'Lag',
    description: 'Records of each topic that a group has not read yet.',
    unit: 'short',
    lines: [{ query: over('sum', consumerLag, ['group', 'topic']), legend: '{{group}} {{topic}}' }],
  },
  {
    title: 'Failed batches',
    description:
      'Batches whose processing failed, per second; they come again and hold up the rest.',
    unit: 'ops',
    lines: [{ query: rate(batchesFailed.name, panelRange, ['group']), legend: '{{group}}' }],
  },
  {
    title: 'Replaced consumers',
    description: 'Consumers that crashed or went silent, per second.',
    unit: 'ops',
    lines: [{ query: rate(consumerRestarts.name, panelRange, ['group']), legend: '{{group}}' }],
  },
]

const letters = ({ topics }: Topology): readonly MetricPanel[] => [
  {
    title: 'Dead letters written',
    description: 'Records that were given up, by the topic that they go to, per second.',
    unit: 'wps',
    lines: [...new Set(topics.flatMap(({ deadLetters: own }) => own?.name ?? []))].map((name) => ({
      query: topicRate(name, panelRange),
      legend: name,
    })),
  },
  {
    title: 'Open dead letters',
    description: 'Dead letters that wait for somebody to decide, by the topic that they come from.',
    unit: 'short',
    lines: [{ query: over('sum', deadLetters.metrics.open.name, ['topic']), legend: '{{topic}}' }],
  },
  {
    title: 'Oldest open dead letter',
    description: 'How long the oldest has waited.',
    unit: 's',
    lines: [
      { query: over('max', deadLetters.metrics.oldestOpen.name, ['topic']), legend: '{{topic}}' },
    ],
  },
]

const outboxes: readonly MetricPanel[] = [
  {
    title: 'Waiting events',
    description: 'Events that are committed but not in Kafka yet.',
    unit: 'short',
    lines: [{ query: over('max', outboxPending.name, ['service']), legend: '{{service}}' }],
  },
  {
    title: 'Oldest waiting event',
    description: 'Age of the oldest event that is not in Kafka yet.',
    unit: 's',
    lines: [{ query: over('max', outboxOldestAge.name, ['service']), legend: '{{service}}' }],
  },
  {
    title: 'Published events',
    description: 'Events that went from an outbox to Kafka, per second.',
    unit: 'wps',
    lines: [{ query: rate(outboxPublished.name, panelRange, ['service']), legend: '{{service}}' }],
  },
  {
    title: 'Refused events',
    description: 'Events that Kafka refuses for what they are; later ones of their keys wait.',
    unit: 'short',
    lines: [{ query: over('max', outboxDead.name, ['service']), legend: '{{service}}' }],
  },
]
