export default {
  files: ['{services,infra,dashboards,alerts,bench}/**/*.test.ts'],
  extensions: ['ts'],
  nodeArguments: ['--disable-warning=TimeoutNegativeWarning'],
  workerThreads: false,
  concurrency: 3,
  timeout: '5m',
}
