import test, { type ExecutionContext } from 'ava'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  exportJWK,
  exportSPKI,
  generateKeyPair,
  SignJWT,
  UnsecuredJWT,
  type JWK,
  type JWTHeaderParameters,
} from 'jose'
import { scope } from '../model/scope.ts'
import { service } from '../model/service.ts'
import { audience, createVerifier, requireScope } from './auth.ts'
import { Problem } from './problem.ts'
import { contextOf } from './testing/context.ts'

const guarded = service({
  name: 'vault',
  product: 'platform',
  summary: 'Guards.',
  port: 23005,
  slo: { availability: 99, latency: { p95Ms: 100 } },
})
const issuer = 'http://issuer.test'
const own = await generateKeyPair('RS256', { extractable: true })
const foreign = await generateKeyPair('RS256', { extractable: true })
const jwk = async (pair: typeof own, kid: string): Promise<JWK> => ({
  ...(await exportJWK(pair.publicKey)),
  kid,
  use: 'sig',
})

interface Token {
  header?: Partial<JWTHeaderParameters>
  claims?: Record<string, unknown>
  key?: Parameters<SignJWT['sign']>[0]
}

/** A good token, but for what is given. An undefined claim is left out. */
function token({ header, claims, key = own.privateKey }: Token = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const standard = {
    iss: issuer,
    aud: audience,
    sub: 'u-1',
    jti: 'j',
    iat: now,
    exp: now + 600,
    scope: 'read:a write:b',
  }
  const all = Object.entries({ ...standard, ...claims }).filter(([, value]) => value !== undefined)
  return new SignJWT(Object.fromEntries(all))
    .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: 'one', ...header })
    .sign(key)
}

/** A key server whose keys may change; counts how often it is asked. */
async function keyServer(t: ExecutionContext, keys: JWK[]) {
  const state = { keys, asked: 0, broken: false }
  const server = createServer((_, response) => {
    state.asked += 1
    if (state.broken) return void response.writeHead(500).end()
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ keys: state.keys }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { state, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}

async function verifying(t: ExecutionContext) {
  const { state, url } = await keyServer(t, [await jwk(own, 'one')])
  const time = { now: () => Date.now() }
  const env = { AUTH_ISSUER: issuer, AUTH_JWKS_URI: url }
  const context = contextOf(guarded, env, { clock: () => time.now() })
  const verifier = createVerifier(context)
  const verify = async (text: string) => verifier.verify(`Bearer ${text}`)
  return { state, time, context, verifier, verify }
}

async function refused(t: ExecutionContext, work: Promise<unknown>, what: string): Promise<void> {
  const error = (await t.throwsAsync(work, { instanceOf: Problem }, what)) as Problem
  t.is(error.status, 401, what)
  t.is(error.headers['www-authenticate'], 'Bearer error="invalid_token"', what)
  t.is(error.message, 'A valid access token is needed.', what)
}

test('a good token says who calls and what they may', async (t) => {
  const { verify } = await verifying(t)
  const claims = await verify(await token({ claims: { client_id: 'reader' } }))
  t.is(claims.subject, 'u-1')
  t.is(claims.clientId, 'reader')
  t.deepEqual([...claims.scopes], ['read:a', 'write:b'])
  t.notThrows(() => requireScope(claims, scope('read:a', 'Reads.')))
  const error = t.throws(() => requireScope(claims, scope('read:abc', 'Reads.')), {
    instanceOf: Problem,
  })
  t.is(error.status, 403)
  t.is(error.headers['www-authenticate'], 'Bearer error="insufficient_scope", scope="read:abc"')
})

test('tokens with another algorithm or a key of their own are refused', async (t) => {
  const { verify, state } = await verifying(t)
  const now = Math.floor(Date.now() / 1000)
  const none = new UnsecuredJWT({ scope: 'read:a', jti: 'j' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject('u-1')
    .setIssuedAt()
    .setExpirationTime(now + 600)
  const pem = new TextEncoder().encode(await exportSPKI(own.publicKey))
  const asPss = await crypto.subtle.importKey(
    'jwk',
    { ...(await exportJWK(own.privateKey)), alg: 'PS256' },
    { name: 'RSA-PSS', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  const foreignKey = await jwk(foreign, 'one')
  const cases: Record<string, string> = {
    'alg none': none.encode(),
    'HS256 with the public PEM': await token({ header: { alg: 'HS256' }, key: pem }),
    'PS256 with the same key': await token({ header: { alg: 'PS256' }, key: asPss }),
    'another key under our kid': await token({ key: foreign.privateKey }),
    'embedded jwk': await token({ header: { jwk: foreignKey as never }, key: foreign.privateKey }),
    'jku of somebody else': await token({
      header: { jku: 'http://127.0.0.1:1/' },
      key: foreign.privateKey,
    }),
    'kid that is a path': await token({
      header: { kid: '../../dev/null' },
      key: foreign.privateKey,
    }),
    'kid that is a prototype name': await token({
      header: { kid: '__proto__' },
      key: foreign.privateKey,
    }),
  }
  for (const [what, text] of Object.entries(cases)) await refused(t, verify(text), what)
  t.true(state.asked <= 2)
})

test('tokens with wrong or missing claims are refused', async (t) => {
  const { verify } = await verifying(t)
  const now = Math.floor(Date.now() / 1000)
  const cases: Record<string, Token> = {
    expired: { claims: { exp: now - 61 } },
    'no exp': { claims: { exp: undefined } },
    'exp as text': { claims: { exp: String(now + 600) } },
    'not yet valid': { claims: { nbf: now + 600 } },
    'issuer with a slash': { claims: { iss: `${issuer}/` } },
    'no issuer': { claims: { iss: undefined } },
    'other audience': { claims: { aud: 'maru-admin' } },
    'audiences without ours': { claims: { aud: ['a', 'b'] } },
    'no audience': { claims: { aud: undefined } },
    'no subject': { claims: { sub: undefined } },
    'no jti': { claims: { jti: undefined } },
    'no scope': { claims: { scope: undefined } },
    'scope as list': { claims: { scope: ['read:a'] } },
    'id token': { header: { typ: 'JWT' } },
    'no typ': { header: { typ: undefined } as never },
    'unknown crit': { header: { crit: ['exp'], exp: 1 } as never },
  }
  for (const [what, given] of Object.entries(cases)) {
    const text = await token(given).catch(() => 'a.b.c')
    await refused(t, verify(text), what)
  }
})

test('anything but one plain bearer credential is refused', async (t) => {
  const { verifier } = await verifying(t)
  const good = await token()
  const [head, payload, signature] = good.split('.')
  const cases = [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Basic ${good}`,
    `Bearer ${good} `,
    `Bearer ${good}, Bearer ${good}`,
    `Bearer ${good}.`,
    `Bearer ${head}.${payload}.`,
    `Bearer ${head}.${payload}`,
    `Bearer ${signature}`,
    `Bearer ${'a'.repeat(200_000)}`,
  ]
  for (const text of cases) await refused(t, verifier.verify(text), String(text).slice(0, 40))
})

test('a verified token is remembered, but not beyond its own end', async (t) => {
  const { verify, time, state } = await verifying(t)
  const fresh = await Promise.all(
    Array.from({ length: 300 }, (_, at) => token({ claims: { jti: `j-${at}` } })),
  )
  const text = fresh[0]!
  await verify(text)
  state.broken = true
  const millisecondsFor = async (tokens: readonly string[]): Promise<number> => {
    const startedAt = performance.now()
    for (const one of tokens) await verify(one)
    return performance.now() - startedAt
  }
  const verified = await millisecondsFor(fresh)
  const remembered = await millisecondsFor(fresh)
  t.true(remembered < verified / 3, `${remembered} of ${verified} ms`)
  const later = Date.now() + 700_000
  time.now = () => later
  await refused(t, verify(text), 'expired meanwhile')
})

test('a token of a key that was published before is accepted at the first use', async (t) => {
  const { verify, state } = await verifying(t)
  state.keys = [await jwk(own, 'one'), await jwk(foreign, 'two')]
  await verify(await token())
  const before = state.asked
  await verify(await token({ header: { kid: 'two' }, key: foreign.privateKey }))
  t.is(state.asked, before)
})

test('hundreds of made-up kids do not flood the key server', async (t) => {
  const { verify, state } = await verifying(t)
  await verify(await token())
  const before = state.asked
  const flood = Array.from({ length: 200 }, async (_, at) =>
    refused(t, verify(await token({ header: { kid: `made-up-${at}` } })), `kid ${at}`),
  )
  await Promise.all(flood)
  t.true(state.asked - before <= 2, `asked ${state.asked - before} times`)
})

test('while the key server is away and no key is known the answer is 503, not 401', async (t) => {
  const { verify, state } = await verifying(t)
  state.broken = true
  const error = (await t.throwsAsync(verify(await token()), { instanceOf: Problem })) as Problem
  t.is(error.status, 503)
  t.is(error.headers['retry-after'], '1')
  state.broken = false
  t.is((await verify(await token())).subject, 'u-1')
})

test.serial('while the key server is away the last keys verify, for an hour', async (t) => {
  const { verify, state } = await verifying(t)
  await verify(await token())
  state.broken = true
  const real = Date.now
  const after = async (seconds: number, header?: Token['header']) => {
    Date.now = () => real() + seconds * 1000
    return verify(await token({ claims: { jti: String(seconds) }, ...(header && { header }) }))
  }
  try {
    t.is((await after(61)).subject, 'u-1')
    t.is((await after(3500)).subject, 'u-1')
    t.like(await t.throwsAsync(after(3501, { kid: 'newer' })), { status: 503 })
    t.like(await t.throwsAsync(after(3700)), { status: 503 })
    state.broken = false
    t.is((await after(3701)).subject, 'u-1')
  } finally {
    Date.now = real
  }
})

test('refusals are counted by reason', async (t) => {
  const { verify, verifier, context } = await verifying(t)
  await t.throwsAsync(verifier.verify(undefined))
  await t.throwsAsync(verify(await token({ claims: { exp: 1 } })))
  await t.throwsAsync(verify(await token({ claims: { aud: 'x' } })))
  await t.throwsAsync(verify(await token({ key: foreign.privateKey })))
  await t.throwsAsync(verify(await token({ header: { kid: 'unknown' } })))
  await t.throwsAsync(verify('garbage'))
  const text = await context.meter.registry.metrics()
  for (const reason of ['missing', 'expired', 'claims', 'signature', 'unknown_key', 'malformed'])
    t.regex(
      text,
      new RegExp(`auth_token_validation_failed_total\\{[^}]*reason="${reason}"[^}]*\\} 1\n`),
    )
})
