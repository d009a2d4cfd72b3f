import type { Servers } from '../services/kit/testing.ts'
import type { Client } from './bearer.ts'

/** A real server of this run alone. */
export interface LabServer {
  readonly servers: Servers
  readonly pid: number
  readonly version: string
}

/** A program of jars: the class `Peer`. */
export interface JavaPeer {
  readonly name: string
  readonly version: string
  /** Where its `pom.xml` and `Peer.java` lie. */
  readonly folder: URL
}

/** A whole platform of this run alone, with its titles in it. */
export interface LabPlatform {
  /** Its front door. */
  readonly url: string
  /** Base URL of a service's first instance. @throws Error where none runs */
  urlOf(service: string): string
  /** @throws Error where there is none of that id */
  clientNamed(id: string): Client
}

/** What a benchmark is given: the machine's programs and servers, and how thorough it has to be. */
export interface Lab {
  /** For files of this run; removed at its end. */
  readonly folder: string
  readonly rounds: number
  /** How long each load of a turn lasts. */
  readonly seconds: number
  server(name: 'kafka' | 'redis' | 'mariadb' | 'postgres'): Promise<LabServer>
  /** Path of a program of Debian's, which is installed when it is not there. */
  program(name: string, debianPackage: string): Promise<string>
  /** The words that run a Java program on one core; its jars are fetched, and it is compiled, once. */
  java(peer: JavaPeer): Promise<readonly string[]>
  platform(): Promise<LabPlatform>
  ports(count: number): Promise<readonly number[]>
  /** Remembers what to stop at the end, the latest first. */
  atEnd(stop: () => Promise<unknown>): void
  say(line: string): void
}
