import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

/** Alertmanager's configuration as it is committed. @param root the repository's root folder */
export const renderedAlertmanager = (root: string): object =>
  parse(readFileSync(join(root, 'alerts/rendered/alertmanager.yaml'), 'utf8')) as object
