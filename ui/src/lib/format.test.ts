import { describe, expect, it } from 'vitest'
import { count, nouns } from '../uk'
import * as f from './format'

describe('durations', () => {
  it.each([
    [0, '0 с'],
    [-4, '0 с'],
    [59.4, '59 с'],
    [59.6, '1 хв 00 с'],
    [125, '2 хв 05 с'],
    [3725, '1 год 02 хв'],
  ])('%s s', (s, want) => expect(f.duration(s)).toBe(want))

  it.each([
    [192, '03:12'],
    [3723, '1:02:03'],
    [-1, '00:00'],
  ])('clock %s', (s, want) => expect(f.clock(s)).toBe(want))
})

describe('dates are shown in Kyiv', () => {
  it('writes the day and the time', () => expect(f.dayTime('2026-11-23T12:05:00Z')).toBe('понеділок, 23 листопада, 14:05'))
  it('knows summer time', () => expect(f.time('2026-07-01T12:05:00Z')).toBe('15:05'))
  it('takes the day of Kyiv, not of UTC', () => expect(f.dayKey('2026-11-23T22:30:00Z')).toBe('2026-11-24'))
  it('shortens today', () => {
    const now = new Date('2026-11-23T15:00:00Z')
    expect(f.when('2026-11-23T12:05:00Z', now)).toBe('14:05')
    expect(f.when('2026-11-12T12:05:00Z', now)).toBe('12.11, 14:05')
  })
  it('names the month', () => expect(f.monthName('2026-11')).toBe('листопад 2026'))
})

describe('phones', () => {
  it.each([
    ['+380671234567', '067 123 45 67'],
    ['380671234567', '067 123 45 67'],
    ['0671234567', '067 123 45 67'],
    ['0800353608', '0 800 35 36 08'],
    ['1580', '1580'],
    ['…45 67', '…45 67'],
  ])('%s', (n, want) => expect(f.phone(n)).toBe(want))
})

describe('hidden numbers', () => {
  it('are empty, whatever words came', () => expect(f.known('прихований номер')).toBe(''))
  it('leaves masked ones', () => expect(f.known('…45 67')).toBe('…45 67'))
})

describe('plurals', () => {
  it.each([
    [1, '1 дзвінок'],
    [2, '2 дзвінки'],
    [5, '5 дзвінків'],
    [11, '11 дзвінків'],
    [21, '21 дзвінок'],
    [0, '0 дзвінків'],
  ])('%s', (n, want) => expect(count(n, nouns.call)).toBe(want))
})
