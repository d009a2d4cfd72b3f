import { request } from 'undici'

/** A client of the auth service, as `./maru env --json` prints it. */
export interface Client {
  readonly id: string
  readonly secret: string
  readonly scopes: readonly string[]
}

/** A header with a token of all the client's scopes. @param url the front door @throws Error with the answer */
export async function bearer(
  url: string,
  { id, secret, scopes }: Client,
): Promise<{ readonly authorization: string }> {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: id,
    client_secret: secret,
    scope: scopes.join(' '),
  })
  const { statusCode, body } = await request(`${url}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
  })
  const answer = (await body.json()) as { access_token: string }
  if (statusCode !== 200) throw new Error(`The token was refused: ${JSON.stringify(answer)}`)
  return { authorization: `Bearer ${answer.access_token}` }
}
