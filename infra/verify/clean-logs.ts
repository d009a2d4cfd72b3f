import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Check } from './check.ts'

/** What is generated for a checkout is longer than any word. */
const generated = /[\w-]{32,}/g
const signedToken = /eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{40,}/

/** Nothing that lets somebody in is written down beside the files that are meant for it. */
export const cleanLogs: Check = {
  name: 'clean logs',
  says: 'no log holds a password, a client’s secret or a token',
  run: async ({ where: { logs, secrets } }) => {
    const known = await secretsIn(secrets)
    const files = (await readdir(logs)).filter((name) => name.includes('.log'))
    const broken = await Promise.all(
      files.map(async (file) => {
        const text = await readFile(join(logs, file), 'utf8')
        const told = [...known].filter(([secret]) => text.includes(secret)).map(([, name]) => name)
        if (signedToken.test(text)) told.push('a token')
        return told.map((name) => `${file} holds ${name}`)
      }),
    )
    return { seen: known.size > 0 ? files.length : 0, unit: 'logs', broken: broken.flat() }
  },
}

/** Generated secrets with the names of the files that hold them. */
async function secretsIn(folder: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const name of await readdir(folder))
    for (const [secret] of (await readFile(join(folder, name), 'utf8')).matchAll(generated))
      found.set(secret, name)
  return found
}
