// Who is signed in at this page.

import * as api from '../api'
import { cardStore } from './card.svelte'
import { live } from './live.svelte'
import { phone } from './phone.svelte'

class Account {
  who = $state.raw<api.Who | null>(null)
  /** unknown until the first answer, so that nobody sees the sign-in page flash by. */
  known = $state(false)
  expired = $state(false)
  centre = $state.raw<api.CentreStatus | null>(null)

  get operator(): boolean {
    return this.who?.role === 'operator'
  }
  get head(): boolean {
    return this.who?.role === 'head'
  }
  private asked = false

  /** Asks once who is signed in; again only while the server cannot be reached. */
  async load() {
    if (this.asked) return
    this.asked = true
    void api.centre().then((c) => (this.centre = c)).catch(() => {})
    try {
      this.enter(await api.session())
    } catch (e) {
      if (e instanceof api.ApiError && (e.status === 0 || e.status >= 500)) {
        this.asked = false
        setTimeout(() => void this.load(), 1500)
        return
      }
    }
    this.known = true
  }
  enter(who: api.Who) {
    this.who = who
    this.known = true
    this.expired = false
    void api.centre().then((c) => (this.centre = c)).catch(() => {}) // again: now with what is for those who work here
    live.start(() => void this.check())
    void cardStore.start(who.login)
  }
  /** Asks whether the session still lives; a network failure proves nothing. */
  async check() {
    try {
      await api.session()
    } catch (e) {
      if (e instanceof api.ApiError && e.status === 401) this.leave(true)
    }
  }
  leave(expired: boolean) {
    if (!this.who) return
    this.who = null
    this.expired = expired
    phone.set(false)
    live.stop()
  }
  async signOut() {
    await cardStore.flush()
    await api.signOut().catch(() => {})
    this.leave(false)
  }
}

export const account = new Account()
api.whenSignedOut(() => account.leave(true))
