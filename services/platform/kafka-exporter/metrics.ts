import { consumerLag, gauge } from '../../model/metric.ts'

export const up = gauge('kafka_exporter_up', {
  help: '1 when the last reading of the offsets succeeded',
})

export const readAt = gauge('kafka_exporter_last_success_timestamp_seconds', {
  help: 'When the offsets were read last, Unix time',
})

export const partitions = gauge<'topic'>('kafka_topic_partitions', {
  help: 'Partitions of a topic',
  labels: { topic: [] },
})

export const endOffset = gauge<'topic' | 'partition'>('kafka_topic_partition_current_offset', {
  help: 'Offset that the next record of a partition will get',
  labels: { topic: [], partition: [] },
})

export const groupOffset = gauge<'group' | 'topic' | 'partition'>(
  'kafka_consumergroup_current_offset',
  {
    help: 'Offset that a group committed; absent while it has none',
    labels: { group: [], topic: [], partition: [] },
  },
)

export const groupLag = gauge<'group' | 'topic' | 'partition'>(consumerLag, {
  help: 'Records of a partition that a group has not committed yet',
  labels: { group: [], topic: [], partition: [] },
})
