import { client } from '../model/scope.ts'
import * as scopes from './scopes.ts'

export const shop = client('payments-shop', {
  summary: 'The demo shop: one merchant’s payments.',
  scopes: [scopes.writePayments, scopes.readPayments],
  merchant: 'MOCK-MERCHANT',
})

export const load = client('load', {
  summary: 'Load of many merchants, where no money is real.',
  scopes: [scopes.writePayments, scopes.readPayments, scopes.anyMerchant],
  only: ['local', 'dev'],
})

export const paymentDesk = client('payments-payment', {
  summary: 'The payment API when it speaks with the payment gateway.',
  scopes: [scopes.usePaymentGateway],
})

export const settlementDesk = client('payments-settlement', {
  summary: 'The settlement worker when it speaks with the payment gateway.',
  scopes: [scopes.usePaymentGateway],
})

export const refundDesk = client('payments-refund', {
  summary: 'The refund worker when it speaks with the payment gateway.',
  scopes: [scopes.usePaymentGateway],
})
