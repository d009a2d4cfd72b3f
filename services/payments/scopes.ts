import { scope } from '../model/scope.ts'

export const usePaymentGateway = scope(
  'use:payment-gateway',
  'Authorise, capture, refund and void at the payment gateway.',
)
export const adminPayments = scope(
  'admin:payments',
  'Look after payments: read the gateway’s log, make the mock gateway misbehave.',
)
