import { z } from 'zod'

/** Highest amount of one payment, in minor units. */
const mostMinor = 10 ** 12

/** Minor units, as a whole number written in digits. */
export const amountMinor = z
  .int('must be a whole number of minor units, written in digits only')
  .min(1, 'must be 1 or more')
  .max(mostMinor, `must be ${mostMinor} at most`)

/** ISO 4217 without funds, metals and codes for tests. */
const currencies =
  `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF
  CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ
  GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP
  LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR
  PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC
  SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF
  YER ZAR ZMW ZWG`.split(/\s+/)

export const currency = z.enum(currencies, 'must be a currency of ISO 4217 in capitals, e.g. KRW')

/** Merchant ids, e.g. `MERCHANT-1`. */
export const merchantId = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,32}$/, 'must have 1–32 letters, digits, dots, dashes or underscores')
