export const statuses = [
  'READY',
  'AUTHORIZED',
  'AUTH_FAILED',
  'CAPTURE_REQUESTED',
  'CAPTURED',
  'CAPTURE_FAILED',
  'PARTIAL_REFUNDED',
  'REFUNDED',
  'VOIDED',
] as const
export type Status = (typeof statuses)[number]

export const refundStatuses = ['REFUND_REQUESTED', 'REFUNDED', 'REFUND_FAILED'] as const
export type RefundStatus = (typeof refundStatuses)[number]

export const captureModes = ['automatic', 'manual'] as const
export type CaptureMode = (typeof captureModes)[number]
