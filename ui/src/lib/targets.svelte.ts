// To whom a call can go besides the colleagues: topics of the queue and departments. Asked for each time the list is opened.

import * as api from '../api'
import type { Colleague, Target } from '../api/types'
import { uk } from '../uk'

type List = Awaited<ReturnType<typeof api.desk.targets>>

class Targets {
  list = $state.raw<List | null>(null)
  failed = $state(false)

  async load() {
    try {
      this.list = await api.desk.targets()
      this.failed = false
    } catch {
      this.failed = true
    }
  }
}

export const targets = new Targets()

/** One line of the list. free: it can be rung now. */
export type Line = Target & { name: string; note: string; free: boolean }

/** What a colleague is doing, in a word. */
export function doing(c: Colleague): string {
  if (c.free) return uk.transfer.free
  if (c.activity !== 'idle') return uk.transfer.busy[c.activity] ?? ''
  return c.status === 'break' ? uk.transfer.onBreak(c.reason) : (uk.transfer.busy.idle ?? '')
}

/** The lines that a search finds, in their groups; every word must be somewhere in the name or the note. */
export function found(lines: Line[], query: string): Line[] {
  const words = query.toLocaleLowerCase('uk').split(/\s+/).filter(Boolean)
  return lines.filter((l) => words.every((w) => `${l.name} ${l.note}`.toLocaleLowerCase('uk').replace(/[\s’']/g, '').includes(w.replace(/[\s’']/g, ''))))
}
