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

/** Which states each one can be followed by. */
export const steps: Readonly<Record<Status, readonly Status[]>> = {
  READY: ['AUTHORIZED', 'AUTH_FAILED'],
  AUTHORIZED: ['CAPTURE_REQUESTED', 'VOIDED'],
  AUTH_FAILED: [],
  CAPTURE_REQUESTED: ['CAPTURED', 'CAPTURE_FAILED'],
  CAPTURED: ['PARTIAL_REFUNDED', 'REFUNDED'],
  // A capture that failed for now may succeed later; what is held for one that will not is let go.
  CAPTURE_FAILED: ['CAPTURED', 'VOIDED'],
  PARTIAL_REFUNDED: ['PARTIAL_REFUNDED', 'REFUNDED'],
  REFUNDED: [],
  VOIDED: [],
}

export const refundStatuses = ['REFUND_REQUESTED', 'REFUNDED', 'REFUND_FAILED'] as const
export type RefundStatus = (typeof refundStatuses)[number]

export const captureModes = ['automatic', 'manual'] as const
export type CaptureMode = (typeof captureModes)[number]
