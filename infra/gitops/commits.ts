import { execa } from 'execa'
import { folderOf, type Service } from '../../services/model/service.ts'

/** What every service is made of, beside its own folder. */
const shared = ['services/kit', 'services/model']

/**
 * Commits between two revisions that touch what a service is made of, newest first, as `git log --oneline` says them.
 * @returns undefined when a tag is no revision that this repository has: a tag may also be the sources' own hash
 */
export async function commitsBetween(
  root: string,
  service: Service,
  from: string | undefined,
  to: string,
): Promise<readonly string[] | undefined> {
  if (from === undefined || !(await isRevision(root, from)) || !(await isRevision(root, to)))
    return undefined
  const paths = [folderOf(service), ...shared]
  const { stdout } = await git(root, ['log', '--oneline', `${from}..${to}`, '--', ...paths])
  return stdout === '' ? [] : stdout.split('\n')
}

async function isRevision(root: string, tag: string): Promise<boolean> {
  const name = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${tag}^{commit}`]
  return !(await git(root, name)).failed
}

const git = (cwd: string, words: readonly string[]) =>
  execa('git', words, { cwd, reject: false, stdin: 'ignore' })
