import { createHash, createHmac } from 'node:crypto'
import { settingSecret, storeUser, type Access } from '../../services/kit/bindings.ts'
import { credentialsOf, type Client } from '../../services/model/scope.ts'
import type { Service } from '../../services/model/service.ts'
import type { Store } from '../../services/model/store.ts'
import { clientsIn, isRead } from '../../services/model/topology.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { metadataOf, type StackContext } from './stack-context.ts'

/** How the values of a Secret are filled in: by a password, or by what follows from one. */
export interface Fill {
  password(name: string): string
  sha256(name: string): string
}

/** A Secret before anybody knows its passwords: the same specification is filled from a seed or by External Secrets. */
export interface SecretSpec {
  readonly name: string
  readonly type?: string
  /** Passwords that the texts mention. */
  readonly passwords: readonly string[]
  readonly data: (fill: Fill) => Readonly<Record<string, string>>
}

/** Name of the Secret of a store's login. */
export const storeSecretName = (store: Store, access: Access = 'own'): string =>
  `${store.engine}-${storeUser(store, access)}`.replaceAll('_', '-')

/** The Secrets that a service brings: its stores' logins, those of readers included, its identity, its own settings. */
export function secretsOf(
  service: Service,
  { topology, settings: { stack } }: StackContext,
): readonly SecretSpec[] {
  const clients = clientsIn(topology, stack)
  const secrets = Object.entries(service.settings).flatMap(([key, { secret }]) =>
    secret === undefined ? [] : [{ name: settingSecret(service, key), secret }],
  )
  return [
    ...service.stores.map((store) => login(store, 'own')),
    ...service.stores
      .filter((store) => isRead(topology, store))
      .map((store) => login(store, 'read')),
    ...(service.identity ? [single(`client-${service.identity.id}`)] : []),
    ...secrets.map(({ name, secret }) =>
      secret === 'random' ? single(kebab(name)) : clientList(kebab(name), clients),
    ),
  ]
}

/** `sealingKey` → `sealing-key`: names of objects hold no capitals. */
export const kebab = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** Key under which a Secret with one value holds it. */
export const valueKey = 'value'

const login = (store: Store, access: Access): SecretSpec => {
  const name = storeSecretName(store, access)
  return {
    name,
    type: 'kubernetes.io/basic-auth',
    passwords: [name],
    data: ({ password }) => ({ username: storeUser(store, access), password: password(name) }),
  }
}

const single = (name: string): SecretSpec => ({
  name,
  passwords: [name],
  data: ({ password }) => ({ [valueKey]: password(name) }),
})

const clientList = (name: string, clients: readonly Client[]): SecretSpec => ({
  name,
  passwords: clients.map(({ id }) => `client-${id}`),
  data: ({ password }) => ({
    [valueKey]: JSON.stringify(
      clients.map((client) => credentialsOf(client, password(`client-${client.id}`))),
    ),
  }),
})

/** Passwords of a stack that follow from one seed: HMAC-SHA-256 of the name (RFC 2104), 256 bits as base64url. */
export const filledFrom = (seed: string): Fill => {
  const password = (name: string): string =>
    createHmac('sha256', seed).update(name).digest('base64url')
  return {
    password,
    sha256: (name) => createHash('sha256').update(password(name)).digest('hex'),
  }
}

/** The Secret itself, with its data; it goes to Pulumi only and is never rendered. */
export const secretObject = (
  spec: SecretSpec,
  fill: Fill,
  context: StackContext,
): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: metadataOf(spec.name, 'secret', context),
  type: spec.type ?? 'Opaque',
  stringData: spec.data(fill),
})

/** Texts of External Secrets' templates (Go templates with sprig); raw strings, since they also stand inside JSON. */
const templated: Fill = {
  password: (name) => `{{ index . \`${name}\` }}`,
  sha256: (name) => `{{ index . \`${name}\` | sha256sum }}`,
}

/** How often a changed secret is fetched. */
const refreshInterval = '1h'

/** The order to External Secrets: one remote entry `maru-<stack>-<name>` a password. */
export function externalSecret(
  spec: SecretSpec,
  context: Pick<StackContext, 'settings'>,
): KubernetesObject {
  const { stack, secrets } = context.settings
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata: metadataOf(spec.name, 'secret', context),
    spec: {
      refreshInterval,
      secretStoreRef: { kind: 'ClusterSecretStore', name: secrets.store },
      target: {
        name: spec.name,
        template: { type: spec.type ?? 'Opaque', data: spec.data(templated) },
      },
      data: spec.passwords.map((name) => ({
        secretKey: name,
        remoteRef: { key: `maru-${stack}-${name}` },
      })),
    },
  }
}

/** What a stack renders or registers for these secrets. In `generated` mode only Pulumi, which knows the seed, makes them. */
export const externalSecrets = (
  specs: readonly SecretSpec[],
  context: StackContext,
): readonly KubernetesObject[] =>
  context.settings.secrets.mode === 'external'
    ? specs.map((spec) => externalSecret(spec, context))
    : []
