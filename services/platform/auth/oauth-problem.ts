import { Problem } from '../../kit/problem.ts'

/** Error codes of RFC 6749 §5.2 and RFC 7009 §2.2.1. */
export type OAuthError =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_token_type'

/** Token answers are never kept, refusals included (RFC 6749 §5.1). */
export const noStore: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  pragma: 'no-cache',
}

/** A refusal in OAuth's words (`error`, `error_description`) beside the members of every problem. */
export function oauthProblem(error: OAuthError, description: string): Problem {
  const unknownClient = error === 'invalid_client'
  return new Problem(unknownClient ? 401 : 400, error.toUpperCase(), description, {
    headers: {
      ...noStore,
      ...(unknownClient && { 'www-authenticate': 'Basic realm="maru", charset="UTF-8"' }),
    },
    members: { error, error_description: description },
  })
}
