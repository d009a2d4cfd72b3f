import { PolicyPack } from '@pulumi/policy'
import { objectRules, stackRules } from '../rules.ts'
import { note, objectPolicy, stackPolicy, type Asked } from './policies.ts'

const asked: Asked = new Map()

new PolicyPack('maru', {
  enforcementLevel: 'mandatory',
  policies: [
    note(asked),
    ...objectRules.map(objectPolicy),
    ...stackRules.map((rule) => stackPolicy(rule, asked)),
  ],
})
