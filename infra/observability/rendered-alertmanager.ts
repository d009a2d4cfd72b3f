import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { Telling } from './prometheus-values.ts'

/** Alertmanager's configuration as it is committed. @param root the repository's root folder */
export const renderedAlertmanager = (root: string): Telling =>
  parse(readFileSync(join(root, 'alerts/rendered/alertmanager.yaml'), 'utf8')) as Telling
