import { PolicyPack } from '@pulumi/policy'
import { objectRules, stackRules } from '../rules.ts'
import {
  doorPolicy,
  isStricterSomewhere,
  note,
  objectPolicy,
  stackPolicy,
  type Asked,
} from './policies.ts'

const asked: Asked = new Map()

new PolicyPack('maru', {
  enforcementLevel: 'mandatory',
  policies: [
    note(asked),
    ...objectRules.map(objectPolicy),
    ...objectRules.filter(isStricterSomewhere).map((rule) => doorPolicy(rule, asked)),
    ...stackRules.map((rule) => stackPolicy(rule, asked)),
  ],
})
