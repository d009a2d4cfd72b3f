/** Independent sequences of one seed. */
const lanes = { title: 0x1b873593, reader: 0x2c1b3c6d, action: 0x297a2d39, spike: 0x165667b1 }

/**
 * The n-th number in [0, 1) of a lane: a function of its arguments alone, so that a run can be repeated.
 * The mixer is lowbias32 (C. Wellons, hash-prospector), applied twice.
 */
export const chanceOf = (seed: number, n: number, lane: keyof typeof lanes): number =>
  mixed(mixed(seed ^ lanes[lane]) + n) / 2 ** 32

/** A whole number 1 … size from a chance in [0, 1). */
export const intChance = (chance: number, size: number): number => 1 + Math.floor(chance * size)

function mixed(input: number): number {
  let x = input | 0
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
  x = Math.imul(x ^ (x >>> 15), 0xd35a2d97)
  return (x ^ (x >>> 15)) >>> 0
}
