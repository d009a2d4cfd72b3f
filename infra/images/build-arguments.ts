import { folderOf, type Service } from '../../services/model/service.ts'
import type { Settings } from '../settings.ts'

/** Values of the Dockerfile's ARGs: which service, and what its labels say. @param version what `/version` tells */
export const buildArguments = (
  service: Service,
  version: string,
  { gitops }: Pick<Settings, 'gitops'>,
): Readonly<Record<string, string>> => ({
  SERVICE: folderOf(service).replace('services/', ''),
  SUMMARY: service.summary,
  SOURCE: gitops.repository,
  VERSION: version,
})
