import { identityOf, type KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import type { Level, ObjectRule } from './rule.ts'
import { objectRules, stackRules } from './rules.ts'

/** An object that breaks a rule. */
export interface Finding {
  readonly rule: string
  readonly level: Exclude<Level, 'off'>
  readonly object: string
  readonly message: string
}

/** Whether a rule is about this kind. */
export const concerns = (rule: ObjectRule, { apiVersion, kind }: KubernetesObject): boolean =>
  rule.targets.some((target) => target.kind === kind && target.apiVersion === apiVersion)

/** Everything in a stack that breaks a rule. */
export const findings = (
  objects: readonly KubernetesObject[],
  settings: Pick<Settings, 'protect'>,
): readonly Finding[] => [
  ...objectRules.flatMap((rule) => {
    const level = rule.level(settings)
    return level === 'off'
      ? []
      : objects
          .filter((object) => concerns(rule, object) && !rule.check(object))
          .map((object) => finding(rule, level, object))
  }),
  ...stackRules.flatMap((rule) =>
    rule.check(objects).map((object) => finding(rule, 'deny', object)),
  ),
]

const finding = (
  { id, message }: { readonly id: string; readonly message: string },
  level: Finding['level'],
  object: KubernetesObject,
): Finding => ({ rule: id, level, object: identityOf(object), message })
