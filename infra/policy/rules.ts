import { dataRules } from './data.ts'
import { edgeRules } from './edges.ts'
import { imageRules } from './images.ts'
import { podRules } from './pods.ts'
import type { ObjectRule } from './rule.ts'

export { stackRules } from './stack-rules.ts'

/** Rules about single objects: checked when rendering, by Pulumi, and at the API server's door. */
export const objectRules: readonly ObjectRule[] = [
  ...podRules,
  ...imageRules,
  ...edgeRules,
  ...dataRules,
]
