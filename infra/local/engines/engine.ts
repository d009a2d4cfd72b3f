/** Where a server's program comes from: the user's own server, PATH, the system's packages, a language registry. */
export type Source = 'address' | 'path' | 'system' | 'registry'

/** A program that was found or installed, and why this one. */
export interface Supply {
  readonly from: Source
  /** One sentence for `./maru doctor`, e.g. "redis-server 7.0.15 from /usr/bin". */
  readonly reason: string
  readonly version: string
  /** Absolute path of the executable (or of the JVM for engines that are jars). Absent for an address. */
  readonly program?: string
  /** Folder with the jars or other files that the program needs. */
  readonly home?: string
  /** The user's own server, as given, e.g. `redis://10.0.0.5:6379`. Only where `from` is `address`. */
  readonly address?: string
}

/** What an engine may use while it is being obtained. */
export interface Workshop {
  /** Downloads and builds of this user, shared by checkouts, keyed by version inside. */
  readonly cache: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Says one line of progress. */
  say(line: string): void
  /** False: look only, install nothing (`./maru doctor`). */
  readonly install: boolean
}

/** One running place of an engine: its data folder, ports and secrets. Two sites of one engine never share anything. */
export interface Site {
  readonly name: string
  readonly supply: Supply
  /** Data and configuration folder; owned by `owner` when the engine drops to its own account. */
  readonly dir: string
  /** Loopback ports by the names in `Engine.ports`. */
  readonly ports: Readonly<Record<string, number>>
  /** Generated password of the administrator (see `Engine.secret`); empty where the engine has none. */
  readonly password: string
  /** OS account to run as, or undefined to stay who we are (not root, or the account does not exist). */
  readonly owner: Owner | undefined
  /** What other engines and the topology hand in, e.g. Prometheus targets and rule folders, exporter DSNs. */
  readonly settings: Readonly<Record<string, string>>
}

export interface Owner {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** How to start the process. The supervisor adds log files, restarts and the account change. */
export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** One real server: how it is obtained, configured, started, probed and stopped. Inert until called. */
export interface Engine {
  readonly name: string
  readonly summary: string
  /** `up` fails without a vital engine; the others join when they are ready or are left out with one sentence. */
  readonly vital: boolean
  /** Preferred loopback ports by name; `main` is the one that clients use. All below 32768. */
  readonly ports: Readonly<Record<string, number>>
  /** Debian's account for it, used when Maru runs as root. */
  readonly account?: string
  /** Engines that must be ready first. */
  readonly after?: readonly string[]
  /** True when an administrator password is generated for it. */
  readonly secret?: boolean
  readonly stopSignal: 'SIGTERM' | 'SIGINT'
  /** How long a clean stop may take before it is killed. */
  readonly stopWithinMs: number
  /** How long the first probe may take to succeed. */
  readonly readyWithinMs: number
  /** Finds or installs the program. Undefined: not to be had on this machine (then `missing` says why). */
  obtain(workshop: Workshop): Promise<Supply | undefined>
  /** One sentence with the command that mends it, shown when `obtain` finds nothing. */
  readonly missing: string
  /** Writes configuration and first-run data into `site.dir`. Idempotent; keeps what is there. */
  prepare(site: Site): Promise<void>
  command(site: Site): Command
  /** Lets a running one take what `prepare` wrote anew; absent where it looks by itself or must be restarted. */
  reload?(site: Site): Promise<void>
  /** Resolves when a real request is answered; rejects with the reason while not. */
  probe(site: Site): Promise<void>
}
