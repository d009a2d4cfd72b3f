import { z } from 'zod'

/** Title ids, e.g. `w-001`. */
export const contentId = z
  .string()
  .regex(/^w-[A-Za-z0-9-]{1,64}$/, 'must look like w-001 (w-, then 1–64 letters, digits or dashes)')

/** Reader ids, e.g. `u-17`. */
export const userId = z
  .string()
  .regex(/^u-[A-Za-z0-9-]{1,64}$/, 'must look like u-17 (u-, then 1–64 letters, digits or dashes)')
