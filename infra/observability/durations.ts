/** Hours of a duration of the settings such as `48h` or `7d`: Go's own durations know no days. */
export const hoursOf = (duration: string): number =>
  Number.parseInt(duration, 10) * (duration.endsWith('d') ? 24 : 1)
