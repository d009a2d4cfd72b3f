import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'

/** What the installation's sealing key is for: hiding private keys, and hashing secrets so that a copy of the database opens nothing. */
export interface Sealing {
  /** AES-256-GCM; `name` is bound to the text, so that sealed rows cannot be swapped. */
  seal(name: string, text: Buffer): Buffer
  /** @throws Error when the key is another one or the bytes were changed */
  open(name: string, sealed: Buffer): Buffer
  /** Keyed SHA-256 of a random secret. Secrets have 256 random bits, so nothing is gained by a slow hash. */
  hash(secret: string): Buffer
}

const ivBytes = 12
const tagBytes = 16

/** Derives separate keys for separate uses from the installation's one (HKDF-SHA256). */
export function sealing(installationKey: string): Sealing {
  const derived = (use: string): Buffer =>
    Buffer.from(hkdfSync('sha256', installationKey, 'maru auth', use, 32))
  const sealingKey = derived('seal signing keys')
  const hashingKey = derived('hash secrets')
  return {
    seal: (name, text) => {
      const iv = randomBytes(ivBytes)
      const cipher = createCipheriv('aes-256-gcm', sealingKey, iv).setAAD(Buffer.from(name))
      const hidden = Buffer.concat([cipher.update(text), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), hidden])
    },
    open: (name, sealed) => {
      const iv = sealed.subarray(0, ivBytes)
      const decipher = createDecipheriv('aes-256-gcm', sealingKey, iv)
        .setAAD(Buffer.from(name))
        .setAuthTag(sealed.subarray(ivBytes, ivBytes + tagBytes))
      return Buffer.concat([decipher.update(sealed.subarray(ivBytes + tagBytes)), decipher.final()])
    },
    hash: (secret) => createHmac('sha256', hashingKey).update(secret).digest(),
  }
}
