import { PolicyPack } from '@pulumi/policy'
import { Config } from '@pulumi/pulumi'
import { objectRules, stackRules } from '../rules.ts'
import { note, objectPolicy, stackPolicy, type Asked } from './policies.ts'

const asked: Asked = new Map()

/** Pulumi hands the stack's configuration to its packs; all but this one key is the program's to judge. */
const protect = new Config('maru').getBoolean('protect') ?? false

new PolicyPack('maru', {
  enforcementLevel: 'mandatory',
  policies: [
    note(asked),
    ...objectRules.map((rule) => objectPolicy(rule, { protect })),
    ...stackRules.map((rule) => stackPolicy(rule, asked)),
  ],
})
