// What the operator does with a call. Every act says in plain words when it failed; the live socket shows what came of it.

import * as api from '../api'
import { cardStore } from './card.svelte'
import { live } from './live.svelte'
import { phone } from './phone.svelte'
import { stopRing, unlockRing } from './ring'

class Desk {
  busy = $state('')
  error = $state('')

  async act(name: string, f: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false
    this.busy = name
    this.error = ''
    try {
      await f()
      return true
    } catch (e) {
      this.error = e instanceof Error ? e.message : String(e)
      return false
    } finally {
      this.busy = ''
    }
  }
  answer() {
    if (!live.view?.offer) return
    phone.unlock()
    stopRing()
    void this.act('answer', api.desk.answer)
  }
  refuse() {
    if (!live.view?.offer) return
    stopRing()
    void this.act('refuse', api.desk.refuse)
  }
  hangup() {
    if (live.view?.talk) void this.act('hangup', api.desk.hangup)
  }
  hold() {
    const talk = live.view?.talk
    if (talk) void this.act('hold', () => api.desk.hold(!talk.held))
  }
  mute() {
    const talk = live.view?.talk
    if (!talk) return
    if (!talk.muted) phone.mute(true) // at once; the server confirms
    void this.act('mute', () => api.desk.mute(!talk.muted))
  }
  digit(key: string) {
    if (live.view?.talk) void api.desk.digits(key).catch((e: unknown) => (this.error = e instanceof Error ? e.message : ''))
  }
  async wrapUpDone() {
    if (!live.view?.wrapup) return
    await cardStore.flush()
    await this.act('done', api.desk.wrapUpDone)
  }
  status(status: 'ready' | 'break' | 'offline', reason = '') {
    unlockRing()
    phone.unlock()
    void this.act('status', () => api.desk.status(status, reason))
  }
  device(device: 'browser' | 'phone') {
    unlockRing()
    void this.act('device', () => api.desk.device(device))
  }
}

export const desk = new Desk()

/** F3, F4, F8 and Ctrl+Enter work everywhere, also while typing. Returns true when the key was ours. */
export function deskKey(e: KeyboardEvent): boolean {
  if (e.repeat || e.altKey || e.metaKey || e.shiftKey) return false
  if (e.ctrlKey) {
    if (e.key !== 'Enter' || !live.view?.wrapup) return false
    void desk.wrapUpDone()
    return true
  }
  switch (e.key) {
    case 'F3':
      desk.answer()
      return true
    case 'F4':
      desk.hangup()
      return true
    case 'F8':
      desk.hold()
      return true
    default:
      return false
  }
}
