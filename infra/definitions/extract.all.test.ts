import { readFileSync } from 'node:fs'
import test from 'ava'
import { extractAll } from './extract.ts'

test('the committed definitions are those of the Go modules', (t) => {
  t.timeout(300_000)
  const files = extractAll()
  t.true(files.length > 15)
  for (const { path, text } of files) t.is(readFileSync(path, 'utf8'), text, path)
})
