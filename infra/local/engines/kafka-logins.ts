import type { Site } from './engine.ts'

/**
 * Settings that give a broker a second door as Strimzi's brokers have it, where whoever comes in gives a name and has
 * the rights of that name alone. Tests try logins and rights there; the door of the local run stays open to everyone.
 * @param users name → password
 */
export const withLogins = (
  port: number,
  users: Readonly<Record<string, string>>,
): Site['settings'] => ({ loginPort: String(port), logins: JSON.stringify(users) })

/** Arguments of the storage tool that make the users. */
export const loginArguments = ({ settings }: Site): readonly string[] =>
  Object.entries(JSON.parse(settings['logins'] ?? '{}') as Record<string, string>).flatMap(
    ([name, password]) => ['--add-scram', `SCRAM-SHA-512=[name=${name},password=${password}]`],
  )

/** The second listener, to add to a list of them; '' without logins. */
export const loginListener = ({ settings: { loginPort } }: Site): string =>
  loginPort === undefined ? '' : `,SASL_PLAINTEXT://127.0.0.1:${loginPort}`

/** What the broker must know about logins. Who comes through the open door is nobody by name, and may do everything. */
export const loginSettings = ({ settings: { loginPort } }: Site): string =>
  loginPort === undefined
    ? ''
    : `sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
`
