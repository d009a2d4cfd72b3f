import { z } from 'zod'

const listed = z.array(
  z.object({
    id: z.string().min(1),
    /** 256 random bits, so a fast hash of it is as good as a slow one. */
    secret: z.string().min(1),
    scopes: z.array(z.string().regex(/^[\w-]+:[\w-]+$/, 'must look like read:rank')),
    impersonates: z.boolean(),
    merchant: z.string().min(1).optional(),
  }),
)

export type ListedClient = z.output<typeof listed>[number]

/** The installation's clients as its secret holds them: `[{ id, secret, scopes, impersonates, merchant? }]` as JSON text. */
export const clientList = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown
    } catch {
      context.addIssue({ code: 'custom', message: 'must be JSON: a list of clients' })
      return z.NEVER
    }
  })
  .pipe(listed)
