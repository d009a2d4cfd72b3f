import { scope } from '../model/scope.ts'

export const writePayments = scope(
  'payments:write',
  'Authorise, capture, void and refund payments of the own merchant.',
)
export const readPayments = scope('payments:read', 'See payments of the own merchant.')
export const anyMerchant = scope(
  'payments:any-merchant',
  'Act for any merchant; for load where no money is real.',
)
export const usePaymentGateway = scope(
  'use:payment-gateway',
  'Authorise, capture, refund and void at the payment gateway.',
)
export const adminPayments = scope(
  'admin:payments',
  'Look after payments: see those of every merchant and how workers stand, have them try again, steer circuit breakers, read the gateway’s log, make the mock gateway misbehave.',
)
