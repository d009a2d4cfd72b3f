import { client } from '../model/scope.ts'
import { usePaymentGateway } from './scopes.ts'

export const paymentDesk = client('payments-payment', {
  summary: 'The payment API when it speaks with the payment gateway.',
  scopes: [usePaymentGateway],
})
