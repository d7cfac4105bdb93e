/** What the operator is told of the sound. */
export type Quality = 'good' | 'fair' | 'bad'

/** Judges two seconds of sound: lost is the share of packets that did not come (0..1), jitter in seconds. */
export function judge(lost: number, jitter: number): Quality {
  if (lost > 0.05 || jitter > 0.06) return 'bad'
  if (lost > 0.01 || jitter > 0.03) return 'fair'
  return 'good'
}
