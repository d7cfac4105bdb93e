// What goes on now, and the talk that the head listens to. It lives beside the pages: who leaves «Зараз» goes on listening.

import * as api from '../api'
import { uk } from '../uk'
import { account } from './account.svelte'
import { phone } from './phone.svelte'
import { router } from './router.svelte'

/** How long the browser's telephone may take to come up after the button. */
const phoneBound = 12_000
/** The live socket may nudge twenty times a second; the board is asked for this often at most. */
const pace = 400

class BoardStore {
  view = $state.raw<api.Board | null>(null)
  failed = $state(false)
  error = $state('')
  device = $state<'browser' | 'phone'>('browser')
  /** The call whose button was pressed and that is not heard yet. */
  starting = $state('')

  private asked = 0
  private timer = 0
  private known = false

  get mine() {
    return account.who && !account.operator ? (this.view?.mine ?? null) : null
  }
  get wantsPhone(): boolean {
    return !account.operator && (this.mine?.device === 'browser' || (this.starting !== '' && this.device === 'browser'))
  }
  get speaks(): boolean {
    return this.mine !== null && this.mine.mode !== 'listen'
  }
  /** Something has changed: look again, if anybody looks or listens. */
  nudge() {
    if (router.path !== '/now' && this.mine === null && this.known) return
    if (this.timer) return
    this.timer = window.setTimeout(() => void this.load(), Math.max(0, this.asked + pace - Date.now()))
  }
  async load() {
    clearTimeout(this.timer)
    this.timer = 0
    this.asked = Date.now()
    try {
      this.take(await api.board.now())
    } catch {
      this.failed = true
    }
  }
  private take(v: api.Board) {
    this.view = v
    this.known = true
    this.failed = false
  }
  async supervise(call: string, mode: api.Mode) {
    if (this.starting) return
    this.error = ''
    this.starting = call
    const device = this.mine?.device ?? this.device
    try {
      if (device === 'browser') {
        phone.unlock()
        const why = await this.phoneUp()
        if (why) return void (this.error = why)
      }
      this.take(await api.board.supervise(call, mode, device))
    } catch (e) {
      this.error = e instanceof Error ? e.message : String(e)
    } finally {
      this.starting = ''
    }
  }
  /** Waits until the server can ring this page; '' or what is wrong. */
  private async phoneUp(): Promise<string> {
    for (const end = Date.now() + phoneBound; Date.now() < end; await new Promise((r) => setTimeout(r, 100))) {
      if (phone.state === 'insecure') return uk.board.insecure
      if (phone.state === 'nomic') return uk.board.noSound
      if (phone.state === 'waiting') return uk.board.otherTab
      if (phone.state !== 'up') continue
      const alive = await api.desk.view().then((v) => v.me.device_alive || v.me.device !== 'browser').catch(() => false)
      if (alive) return ''
    }
    return uk.board.noSound
  }
  async leave() {
    this.error = ''
    try {
      this.take(await api.board.leave())
    } catch (e) {
      this.error = e instanceof Error ? e.message : String(e)
    }
  }
}

export const board = new BoardStore()
