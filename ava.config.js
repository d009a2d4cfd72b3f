export default {
  files: ['{services,infra,dashboards,alerts,bench}/**/*.test.ts'],
  extensions: ['ts'],
  require: ['./infra/local/test-run/left-behind.ts'],
  nodeArguments: ['--disable-warning=TimeoutNegativeWarning'],
  workerThreads: false,
  concurrency: 3,
  timeout: '5m',
}
