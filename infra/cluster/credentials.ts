import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { stringify } from 'yaml'
import { accounts, filesOf, type Account, type ClusterSite } from './layout.ts'

const ours = { mode: 0o600 }

/** Makes tokens, kubeconfigs and the key of service accounts, all readable by us alone; existing ones stay. */
export function makeCredentials(site: ClusterSite): void {
  const files = filesOf(site)
  mkdirSync(site.dir, { recursive: true, mode: 0o700 })
  if (!existsSync(files.signingKey)) makeKeys(site)
  const known = existsSync(files.tokens) ? tokensIn(readFileSync(files.tokens, 'utf8')) : {}
  const names = Object.keys(accounts) as Account[]
  const tokens = names.map(
    (name) => [name, known[name] ?? randomBytes(24).toString('hex')] as const,
  )
  writeFileSync(
    files.tokens,
    tokens.map(([name, token]) => `${line(name, token)}\n`).join(''),
    ours,
  )
  for (const [name, token] of tokens)
    writeFileSync(files.kubeconfig(name), kubeconfig(site, name, token), ours)
}

const line = (name: Account, token: string): string => {
  const { user, group } = accounts[name]
  return [token, user, name, group].filter(Boolean).join(',')
}

const tokensIn = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((row) => row.split(','))
      .map(([token = '', , name = '']) => [name, token]),
  )

function makeKeys(site: ClusterSite): void {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const { signingKey, verifyingKey } = filesOf(site)
  writeFileSync(signingKey, privateKey.export({ type: 'pkcs1', format: 'pem' }), ours)
  writeFileSync(verifyingKey, publicKey.export({ type: 'spki', format: 'pem' }), ours)
}

const kubeconfig = (site: ClusterSite, account: Account, token: string): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'maru',
        cluster: {
          server: `https://127.0.0.1:${site.ports.api}`,
          'certificate-authority': filesOf(site).authority,
        },
      },
    ],
    users: [{ name: account, user: { token } }],
    contexts: [{ name: 'maru', context: { cluster: 'maru', user: account } }],
    'current-context': 'maru',
  })
