import { createRequire } from 'node:module'

/** Pulumi's protocol for language hosts, as far as this one speaks it: the packages carry no types. */
const here = createRequire(import.meta.url)

export interface ProgramInfo {
  getProgramDirectory(): string
  getRootDirectory(): string
  getEntryPoint(): string
  getOptions(): { toJavaScript(): Record<string, unknown> } | undefined
}

export interface RunRequest {
  getInfo(): ProgramInfo
  getMonitorAddress(): string
  getOrganization(): string
  getProject(): string
  getStack(): string
  getParallel(): number
  getDryrun(): boolean
  getArgsList(): string[]
  getConfigMap(): { entries(): Iterable<[string, string]> }
  getConfigsecretkeysList(): string[]
}

export interface PluginRequest {
  getInfo(): ProgramInfo
  getKind(): string
  getPwd(): string
  getArgsList(): string[]
  getEnvList(): string[]
}

interface RunResponse {
  setError(text: string): void
  setBail(told: boolean): void
}

interface PluginResponse {
  setStdout(bytes: Uint8Array): void
  setStderr(bytes: Uint8Array): void
  setExitcode(code: number): void
}

/** A call of gRPC: `Reply` ends one with a single answer, `write` and `end` one that streams. */
export interface Call<Request> {
  readonly request: Request
  write(message: unknown): void
  end(): void
}
export type Reply = (error: Error | null, message?: unknown) => void

export interface Server {
  addService(service: unknown, handlers: Readonly<Record<string, unknown>>): void
  bindAsync(
    address: string,
    credentials: unknown,
    bound: (error: Error | null, port: number) => void,
  ): void
  forceShutdown(): void
}

interface Grpc {
  readonly Server: new (options: Readonly<Record<string, number>>) => Server
  readonly ServerCredentials: { createInsecure(): unknown }
}

interface Language {
  readonly RunResponse: new () => RunResponse
  readonly RunPluginResponse: new () => PluginResponse
  readonly GetRequiredPackagesResponse: new () => object
  readonly GetRequiredPluginsResponse: new () => object
  readonly LanguageHandshakeResponse: new () => object
}

export const grpc = here('@grpc/grpc-js') as Grpc
export const language = here('@pulumi/pulumi/proto/language_pb.js') as Language
export const services = here('@pulumi/pulumi/proto/language_grpc_pb.js') as {
  readonly LanguageRuntimeService: unknown
}
export const plugin = here('@pulumi/pulumi/proto/plugin_pb.js') as {
  readonly PluginInfo: new () => { setVersion(version: string): void }
}
export const empty = here('google-protobuf/google/protobuf/empty_pb.js') as {
  readonly Empty: new () => object
}

/** Path of one of the SDK's own programs. */
export const sdkProgram = (name: string): string => here.resolve(`@pulumi/pulumi/cmd/${name}`)

export const sdkVersion = (here('@pulumi/pulumi/package.json') as { readonly version: string })
  .version
