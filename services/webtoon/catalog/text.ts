import { z } from 'zod'

/** One line of text in NFC, trimmed, of `min` to `max` characters; no control characters. */
export const line = (min: number, max: number) =>
  z
    .string()
    .normalize('NFC')
    .trim()
    .min(min)
    .max(max)
    .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, 'must not contain control characters')
    .refine(wellFormed, notUnicode)

/** Text in NFC that may have line breaks and tabs. */
export const paragraph = (max: number) =>
  z
    .string()
    .normalize('NFC')
    .trim()
    .max(max)
    .regex(
      /^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$/,
      'must not contain control characters other than line breaks',
    )
    .refine(wellFormed, notUnicode)

const notUnicode = 'must not contain half a surrogate pair'

// Postgres would store U+FFFD instead, and the reader would get back what nobody wrote.
function wellFormed(text: string): boolean {
  return text.isWellFormed()
}
