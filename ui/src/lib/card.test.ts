import { describe, expect, it } from 'vitest'
import { emptyDraft, equal, merge } from './card'
import { backoff, staleFor } from './backoff'
import { judge } from './quality'

const base = { ...emptyDraft, essence: 'паспорт', answer: 'строк' }

describe('merge of two windows', () => {
  it('takes what only they changed', () => {
    const m = merge(base, base, { ...base, answer: 'строк і ціна' })
    expect(m.draft.answer).toBe('строк і ціна')
    expect(m.other).toEqual({})
  })
  it('keeps what only I changed', () => {
    const m = merge(base, { ...base, essence: 'закордонний паспорт' }, { ...base, result: 'answered' })
    expect(m.draft.essence).toBe('закордонний паспорт')
    expect(m.draft.result).toBe('answered')
    expect(m.other).toEqual({})
  })
  it('keeps my text and shows theirs when both changed it', () => {
    const m = merge(base, { ...base, essence: 'моє' }, { ...base, essence: 'їхнє' })
    expect(m.draft.essence).toBe('моє')
    expect(m.other).toEqual({ essence: 'їхнє' })
  })
  it('is quiet when both wrote the same', () => {
    expect(merge(base, { ...base, essence: 'те саме' }, { ...base, essence: 'те саме' }).other).toEqual({})
  })
  it('compares services by content', () => expect(equal({ ...base, services: ['a'] }, { ...base, services: ['a'] })).toBe(true))
})

describe('the connection', () => {
  it('tries quickly at first and never waits over 6.25 s', () => {
    expect(backoff(0, 0.5)).toBe(200)
    expect(backoff(50, 1)).toBeLessThanOrEqual(6250)
  })
  it('calls data stale only when they are', () => {
    expect(staleFor(0, 11_900, true)).toBe(0)
    expect(staleFor(0, 12_000, true)).toBe(12)
    expect(staleFor(0, 3_000, false)).toBe(3)
  })
  it('judges the sound', () => {
    expect(judge(0, 0.01)).toBe('good')
    expect(judge(0.02, 0.01)).toBe('fair')
    expect(judge(0, 0.08)).toBe('bad')
  })
})
