/** Milliseconds before the n-th try to connect again (0 is the first): quick at first, at most 5 s, spread so that a whole room does not come back at once. */
export function backoff(n: number, random: number): number {
  const base = Math.min(5000, 200 * 2 ** Math.min(n, 10))
  return Math.round(base * (0.75 + random * 0.5))
}

/** Seconds after which live data are called stale: the server speaks at least every 10 s. */
export const staleAfter = 12

/** Age in whole seconds to show, or 0 while the data are fresh. A lost connection is said after 3 s. */
export function staleFor(lastMs: number, nowMs: number, connected: boolean): number {
  const age = Math.floor((nowMs - lastMs) / 1000)
  return age >= (connected ? staleAfter : 3) ? age : 0
}
