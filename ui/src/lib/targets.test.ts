import { describe, expect, it } from 'vitest'
import { doing, found, type Line } from './targets.svelte'

const line = (name: string, note = ''): Line => ({ kind: 'agent', id: name, name, note, free: true })

describe('whom to transfer to', () => {
  const all = [line('Петро Вигаданий'), line('Відділ соціального захисту', '044 123 45 67'), line('Служба у справах сім’ї')]
  it('finds by any words of the name, in any order and case', () => {
    expect(found(all, 'захист соц').map((l) => l.name)).toEqual(['Відділ соціального захисту'])
    expect(found(all, 'ПЕТРО')).toHaveLength(1)
    expect(found(all, '')).toHaveLength(3)
  })
  it('finds by digits of the number and whatever apostrophe is typed', () => {
    expect(found(all, '04412345')).toHaveLength(1)
    expect(found(all, "сім'ї")).toHaveLength(1)
  })
  it('says what a colleague is doing', () => {
    const c = { login: 'p', name: 'Петро', status: 'ready', activity: 'idle', reason: '', free: true } as const
    expect(doing(c)).toBe('вільно')
    expect(doing({ ...c, free: false, activity: 'talking' })).toBe('розмовляє')
    expect(doing({ ...c, free: false, status: 'break', reason: 'обід' })).toBe('перерва: обід')
    expect(doing({ ...c, free: false })).toBe('немає зв’язку')
  })
})
