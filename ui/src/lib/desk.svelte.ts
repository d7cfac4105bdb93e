// What the operator does with a call. Every act says in plain words when it failed; the live socket shows what came of it.

import * as api from '../api'
import type { Device, Talk, Target, Telephone } from '../api/types'
import { uk } from '../uk'
import { cardStore } from './card.svelte'
import { live } from './live.svelte'
import { phone } from './phone.svelte'
import { stopRing, unlockRing } from './ring'

class Desk {
  busy = $state('')
  error = $state('')
  /** The list of those to whom the call can go is open. */
  picking = $state(false)
  /** The browser's telephone is being brought up, so that the talk can move to it. */
  bringing = $state(false)

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
    if (talk?.guest) return
    if (talk && apart(talk)) return this.back()
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
  /** F9: opens the list, or puts the citizen through to the one who is conferred with. */
  transfer() {
    const talk = live.view?.talk
    if (!talk || talk.guest) return
    if (apart(talk)) return this.complete()
    this.picking = !this.picking
  }
  async consult(to: Target) {
    if (await this.act('consult', () => api.desk.consult({ kind: to.kind, id: to.id }))) this.picking = false
  }
  async send(to: Target) {
    await cardStore.flush()
    if (await this.act('transfer', () => api.desk.transfer({ kind: to.kind, id: to.id }))) this.picking = false
  }
  complete() {
    void this.act('complete', api.desk.complete)
  }
  back() {
    void this.act('back', api.desk.back)
  }
  conference() {
    void this.act('conference', api.desk.conference)
  }
  async park() {
    await cardStore.flush()
    await this.act('park', api.desk.park)
  }
  take(slot: number) {
    phone.unlock()
    void this.act('take', () => api.desk.take(slot))
  }
  /** Goes on at the other telephone. The browser's may have to be brought up first. */
  async move(to: Telephone) {
    phone.unlock()
    if (to === 'phone') return void this.act('move', () => api.desk.move('phone'))
    this.bringing = true
    const ready = await until(() => live.view?.me.devices?.includes('browser') === true, 8000)
    if (ready) await this.act('move', () => api.desk.move('browser'))
    else this.error = uk.transfer.noBrowser
    await until(() => live.view?.talk?.device === 'browser', 3000)
    this.bringing = false
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
  device(device: Device) {
    unlockRing()
    void this.act('device', () => api.desk.device(device))
  }
}

/** The talk has a second party, and the citizen is, or can be, apart from the operator. */
const apart = (t: Talk) => t.stage !== undefined && t.stage !== 'talking'

async function until(what: () => boolean, bound: number): Promise<boolean> {
  for (const end = Date.now() + bound; Date.now() < end; await new Promise((r) => setTimeout(r, 100))) if (what()) return true
  return what()
}

export const desk = new Desk()

/** F3, F4, F8, F9 and Ctrl+Enter work everywhere, also while typing. Returns true when the key was ours. */
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
    case 'F9':
      desk.transfer()
      return true
    default:
      return false
  }
}
