// The judgement of a card that two windows may write: pure, so that it can be tested without a browser.

/** What the operator writes. */
export type Draft = { essence: string; answer: string; services: string[]; result: string; kind: string }
/** A draft with the version it was made from. */
export type Versioned = Draft & { version: number }

const fields = ['essence', 'answer', 'services', 'result', 'kind'] as const
type Field = (typeof fields)[number]

export const emptyDraft: Draft = { essence: '', answer: '', services: [], result: '', kind: '' }

/** Only the operator's fields of anything larger. */
export function draftOf(c: Draft): Draft {
  return { essence: c.essence, answer: c.answer, services: [...c.services], result: c.result, kind: c.kind }
}

const same = (a: string | string[], b: string | string[]) => JSON.stringify(a) === JSON.stringify(b)

export function equal(a: Draft, b: Draft): boolean {
  return fields.every((f) => same(a[f], b[f]))
}

/**
 * Three-way merge by field: base is what both started from, mine is on this screen, theirs is on the server.
 * A field that only they changed becomes theirs; a field that both changed stays mine and is listed with their text.
 */
export function merge(base: Draft, mine: Draft, theirs: Draft): { draft: Draft; other: Partial<Draft> } {
  const draft = draftOf(mine)
  const other: Partial<Draft> = {}
  const take = <F extends Field>(f: F) => {
    if (same(mine[f], base[f])) draft[f] = theirs[f]
    else if (!same(theirs[f], base[f]) && !same(theirs[f], mine[f])) other[f] = theirs[f]
  }
  fields.forEach(take)
  return { draft, other }
}
