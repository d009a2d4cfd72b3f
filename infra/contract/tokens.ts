import { createHmac, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import type { JWK } from 'jose'
import type { Bench } from '../../services/kit/testing.ts'
import type { Scope } from '../../services/model/scope.ts'

/** `Authorization` values that must not be taken, by what is wrong with them. */
export type Battery = ReadonlyMap<string, string>

type Json = Readonly<Record<string, unknown>>

const encoded = (part: unknown): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')

/** Claims of a good token with these scopes; each forgery changes one thing. */
function goodClaims(place: Bench, scopes: readonly Scope[]): Json {
  const now = Math.floor(Date.now() / 1000)
  return {
    iss: place.issuer.issuer,
    aud: 'maru',
    sub: 'battery',
    jti: 'battery',
    iat: now - 10,
    exp: now + 600,
    client_id: 'battery',
    merchant: 'BATTERY',
    scope: scopes.map(({ name }) => name).join(' '),
  }
}

const goodHeader = { alg: 'RS256', kid: 'bench', typ: 'at+jwt' }

/** A token that is good: without it, a battery that refuses everything would prove nothing. */
export const goodToken = (place: Bench, scopes: readonly Scope[]): string =>
  place.forge(goodHeader, goodClaims(place, scopes))

/** @param scopes everything that a route could ask for, so that nothing is refused for want of it */
export function battery(place: Bench, scopes: readonly Scope[]): Battery {
  const claims = goodClaims(place, scopes)
  const good = place.forge(goodHeader, claims)
  return new Map([
    ...forgeries(good, place.issuer.jwk),
    ...bearers({ ...wrongHeaders(place, claims), ...wrongClaims(place, claims) }),
  ])
}

/** What whoever has seen a good token and the published key can make of them. */
export function forgeries(good: string, jwk: JWK): Battery {
  const [header = {}, claims = {}] = good
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Json)
  const tokens = {
    ...unsigned(header, claims),
    ...otherKeys(jwk, header, claims),
    ...wrongShapes(good),
  }
  return new Map([
    ...bearers(tokens),
    ['basic', `Basic ${Buffer.from('maru:maru').toString('base64')}`],
    ['no scheme', good],
    ['two credentials', `Bearer ${good}, Bearer ${good}`],
    ['empty', 'Bearer'],
  ])
}

const bearers = (tokens: Readonly<Record<string, string>>): Battery =>
  new Map(Object.entries(tokens).map(([name, token]) => [name, `Bearer ${token}`]))

/** `alg: none` in its spellings, with and without a signature. */
const unsigned = (header: Json, claims: Json): Record<string, string> =>
  Object.fromEntries(
    ['none', 'None', 'nOnE', 'NONE', ''].flatMap((alg) => {
      const text = `${encoded({ ...header, alg })}.${encoded(claims)}`
      return [
        [`alg "${alg}"`, `${text}.`],
        [`alg "${alg}" with a signature`, `${text}.AAAA`],
      ]
    }),
  )

/** Signed, but not by the issuer's key. */
function otherKeys(jwk: JWK, header: Json, claims: Json): Record<string, string> {
  const publicKey = createPublicKey({ key: jwk as JWK & { kty: string }, format: 'jwk' })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const der = publicKey.export({ type: 'spki', format: 'der' })
  const secrets = { pem, der, jwk: JSON.stringify(jwk), modulus: String(jwk.n) }
  const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const own = createPublicKey(foreign).export({ format: 'jwk' })
  const hmac = (secret: string | Buffer): string => {
    const text = `${encoded({ ...header, alg: 'HS256' })}.${encoded(claims)}`
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
  }
  const headers = {
    'jwk of one’s own': { jwk: own },
    'jku of one’s own': { jku: 'http://127.0.0.1:1/keys' },
    'x5u of one’s own': { x5u: 'http://127.0.0.1:1/cert' },
    'x5c of one’s own': { x5c: ['AAAA'] },
    'foreign RSA key': {},
  }
  return {
    ...mapped(secrets, (name, secret) => [`HS256 by ${name}`, hmac(secret)]),
    ...mapped(headers, (name, more) => [name, signed({ ...header, ...more }, claims, foreign)]),
    'ES256 under the kid of an RSA key': signed({ ...header, alg: 'ES256' }, claims, curve),
    'RS256 header, EC signature': signed(header, claims, curve),
  }
}

const mapped = <Value>(
  record: Readonly<Record<string, Value>>,
  entry: (name: string, value: Value) => [string, string],
): Record<string, string> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => entry(name, value)))

function signed(header: object, claims: Json, key: KeyObject): string {
  const text = `${encoded(header)}.${encoded(claims)}`
  const options = key.asymmetricKeyType === 'ec' ? { key, dsaEncoding: 'ieee-p1363' as const } : key
  return `${text}.${sign('sha256', Buffer.from(text), options).toString('base64url')}`
}

/** Signed by the issuer's key under a header that says something else. */
function wrongHeaders(place: Bench, claims: Json): Record<string, string> {
  const wrong: Record<string, object> = {
    'no typ': { typ: undefined },
    'typ JWT': { typ: 'JWT' },
    'typ refresh+jwt': { typ: 'refresh+jwt' },
    'kid missing': { kid: undefined },
    'kid unknown': { kid: 'other' },
    'kid a path': { kid: '../../dev/null' },
    'kid SQL': { kid: "' or 1=1 --" },
    'kid a prototype': { kid: '__proto__' },
    'kid a number': { kid: 7 },
    'kid a list': { kid: ['bench'] },
    'kid long': { kid: 'x'.repeat(4000) },
    'crit unknown': { crit: ['other'], other: 1 },
    'crit empty': { crit: [] },
    'b64 false': { b64: false, crit: ['b64'] },
    'alg a list': { alg: ['RS256'] },
    'a nested token': { cty: 'JWT', typ: 'JWT' },
  }
  return {
    ...mapped(wrong, (name, change) => [name, place.forge({ ...goodHeader, ...change }, claims)]),
    PS256: place.forge({ ...goodHeader, alg: 'PS256' }, claims, 'PS256'),
    RS512: place.forge({ ...goodHeader, alg: 'RS512' }, claims, 'RSA-SHA512'),
  }
}

/** Signed by the issuer's key, saying what no good token says. */
function wrongClaims(place: Bench, claims: Json): Record<string, string> {
  const now = Number(claims['iat'])
  const wrong: Record<string, object> = {
    'exp missing': { exp: undefined },
    'exp past': { exp: now - 61 },
    'exp a text': { exp: String(now + 600) },
    'exp negative': { exp: -1 },
    'exp null': { exp: null },
    'exp 1e308': { exp: 1e308 },
    'exp next year': { exp: now + 31_536_000 },
    'iat in the future': { iat: now + 610 },
    'iat last week': { iat: now - 604_800 },
    'nbf in the future': { nbf: now + 600 },
    'iat missing': { iat: undefined },
    'iss missing': { iss: undefined },
    'iss other': { iss: 'http://127.0.0.1:1' },
    'iss with a slash': { iss: `${place.issuer.issuer}/` },
    'iss upper case': { iss: place.issuer.issuer.toUpperCase() },
    'aud missing': { aud: undefined },
    'aud other': { aud: 'other' },
    'aud longer': { aud: 'maruX' },
    'aud a list of others': { aud: ['other', 'maruX'] },
    'sub missing': { sub: undefined },
    'jti missing': { jti: undefined },
    'scope missing': { scope: undefined },
    'scope a list': { scope: String(claims['scope']).split(' ') },
  }
  return mapped(wrong, (name, change) => [name, place.forge(goodHeader, { ...claims, ...change })])
}

/** A good token, damaged. */
function wrongShapes(good: string): Record<string, string> {
  const [header = '', payload = '', signature = ''] = good.split('.')
  const broken = Buffer.from(signature, 'base64url')
  broken[0] = (broken[0] ?? 0) ^ 1
  return {
    'no signature': `${header}.${payload}.`,
    'two parts': `${header}.${payload}`,
    'five parts': `${good}.AAAA.AAAA`,
    'trailing dot': `${good}.`,
    padded: `${good}==`,
    'signature cut': good.slice(0, -10),
    'signature spelled otherwise': `${header}.${payload}.${respelled(signature)}`,
    'signature of another byte': `${header}.${payload}.${broken.toString('base64url')}`,
    'payload of another token': `${header}.${encoded({ sub: 'x' })}.${signature}`,
    'payload no JSON': `${header}.${encoded('{')}.${signature}`,
    'payload a list': `${header}.${encoded([])}.${signature}`,
    'white space inside': `${header} .${payload}.${signature}`,
    'no token': 'null',
  }
}

/** The last letter of 256 bytes in base64url holds two bits that nobody reads. */
function respelled(signature: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = letters.indexOf(signature.at(-1) ?? '')
  return signature.slice(0, -1) + letters[last ^ 1]
}
