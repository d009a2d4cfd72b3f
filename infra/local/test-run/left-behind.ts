import { registerCompletionHandler } from 'ava'

/** A server that a test owns has this long to end. */
const patienceMs = 60_000

// A run that was interrupted takes its test files along.
process.once('disconnect', () => process.exit(1))

// AVA waits for a test file's process for as long as anything keeps it alive, for example a load that a failed test
// did not end, and its `timeout` can pass unnoticed beside another file's `t.timeout`.
registerCompletionHandler(() => {
  setTimeout(() => {
    const kept = process.getActiveResourcesInfo().join(', ')
    process.stderr.write(`A test left something behind that keeps its process alive: ${kept}\n`)
    process.exit(1)
  }, patienceMs).unref()
})
