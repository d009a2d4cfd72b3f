/**
 * A language host of Pulumi for plain Node: Node strips the types, so there is nothing to compile. The CLI starts it with
 * the engine's address, reads a port from the first line of its output, and calls its LanguageRuntime service. The official
 * host is in no package registry; whoever has it uses that.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import {
  empty,
  grpc,
  language,
  plugin,
  sdkProgram,
  sdkVersion,
  services,
  type Call,
  type PluginRequest,
  type ProgramInfo,
  type Reply,
  type RunRequest,
} from './messages.ts'

/** Exit code by which Pulumi's runtime says that the user knows what went wrong. */
const alreadyTold = 32
const largestMessage = 400 * 1024 * 1024

const engine = process.argv.slice(2).find((word) => !word.startsWith('-')) ?? ''
const children = new Set<ChildProcess>()

const answered =
  (message: object) =>
  (_: unknown, reply: Reply): void =>
    reply(null, message)

const server = new grpc.Server({ 'grpc.max_receive_message_length': largestMessage })
server.addService(services.LanguageRuntimeService, {
  handshake: answered(new language.LanguageHandshakeResponse()),
  getRequiredPackages: answered(new language.GetRequiredPackagesResponse()),
  getRequiredPlugins: answered(new language.GetRequiredPluginsResponse()),
  getPluginInfo: answered(pluginInfo()),
  run,
  runPlugin,
  cancel: (_: unknown, reply: Reply) => {
    stopChildren()
    reply(null, new empty.Empty())
  },
})
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error
  process.stdout.write(`${port}\n`)
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)

/** A CLI that was killed says nothing: its host has another parent then. */
const parent = process.ppid
const watch = setInterval(() => process.ppid !== parent && stop(), 1000).unref()

function stop(): void {
  clearInterval(watch)
  stopChildren()
  server.forceShutdown()
}

function pluginInfo(): object {
  const info = new plugin.PluginInfo()
  info.setVersion(sdkVersion)
  return info
}

/** Runs the program; its lines are the CLI's to show. */
function run({ request }: Call<RunRequest>, reply: Reply): void {
  const info = request.getInfo()
  const child = start([...nodeWords(info), sdkProgram('run'), ...runWords(request)], {
    cwd: info.getProgramDirectory(),
    env: {
      ...process.env,
      PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().entries())),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    },
  })
  child.stdout?.pipe(process.stdout, { end: false })
  child.stderr?.pipe(process.stderr, { end: false })
  child.once('error', (error) => reply(error))
  child.once('close', (code, signal) => {
    const response = new language.RunResponse()
    if (code === alreadyTold) response.setBail(true)
    else if (code !== 0) response.setError(`the program ended with ${code ?? signal}`)
    reply(null, response)
  })
}

function runWords(request: RunRequest): readonly string[] {
  const info = request.getInfo()
  const flags = {
    monitor: request.getMonitorAddress(),
    engine,
    organization: request.getOrganization(),
    project: request.getProject(),
    'root-directory': info.getRootDirectory(),
    stack: request.getStack(),
    pwd: info.getProgramDirectory(),
    parallel: String(request.getParallel()),
  }
  return [
    ...Object.entries(flags).flatMap(([name, value]) => (value ? [`--${name}`, value] : [])),
    ...(request.getDryrun() ? ['--dry-run'] : []),
    info.getEntryPoint(),
    ...request.getArgsList(),
  ]
}

/** Runs a policy pack or another plugin; its lines travel back to the CLI. */
function runPlugin(call: Call<PluginRequest>): void {
  const { request } = call
  const info = request.getInfo()
  const folder = info.getProgramDirectory()
  const isPolicy = request.getKind() === 'analyzer'
  const words = isPolicy ? [...request.getArgsList(), folder] : [folder, ...request.getArgsList()]
  const program = sdkProgram(isPolicy ? 'run-policy-pack' : 'run-plugin')
  const child = start([...nodeWords(info), program, ...words], {
    cwd: isPolicy ? folder : request.getPwd(),
    env: Object.fromEntries(request.getEnvList().map(pairOf)),
  })
  const say = (set: (message: InstanceType<typeof language.RunPluginResponse>) => void): void => {
    const message = new language.RunPluginResponse()
    set(message)
    call.write(message)
  }
  child.stdout?.on('data', (bytes: Buffer) => say((message) => message.setStdout(bytes)))
  child.stderr?.on('data', (bytes: Buffer) => say((message) => message.setStderr(bytes)))
  child.once('close', (code) => {
    say((message) => message.setExitcode(code ?? 1))
    call.end()
  })
}

function start(
  words: readonly string[],
  { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv },
): ChildProcess {
  const child = spawn(process.execPath, words, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  child.once('close', () => children.delete(child))
  return child
}

function nodeWords(info: ProgramInfo): readonly string[] {
  const { nodeargs } = info.getOptions()?.toJavaScript() ?? {}
  return typeof nodeargs === 'string' ? nodeargs.split(/\s+/).filter(Boolean) : []
}

const pairOf = (line: string): readonly [string, string] => {
  const at = line.indexOf('=')
  return [line.slice(0, at), line.slice(at + 1)]
}

function stopChildren(): void {
  for (const child of children) child.kill('SIGINT')
}
