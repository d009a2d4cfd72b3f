import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { EnvironmentError } from './command.ts'

/** A text as people leave it in their editor. @throws EnvironmentError without one; Error when it fails */
export async function edited(text: string): Promise<string> {
  const editor = process.env['VISUAL'] ?? process.env['EDITOR']
  if (editor === undefined || editor === '')
    throw new EnvironmentError('There is no $EDITOR: give the value by --file <path>.')
  const folder = mkdtempSync(join(tmpdir(), 'maru-letter-'))
  try {
    const file = join(folder, 'value.json')
    writeFileSync(file, text, { mode: 0o600 })
    await execa(`${editor} ${file}`, { shell: true, stdio: 'inherit' })
    return readFileSync(file, 'utf8')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
