// The card on the desk: saves itself, survives a second window, a lost network and a reload. Text is put into this browser's
// storage before it is sent and taken out only when the server has it.

import * as api from '../api'
import { backoff } from './backoff'
import { draftOf, emptyDraft, equal, merge, type Draft } from './card'
import { timeSec } from './format'

export type CardState = 'none' | 'loading' | 'clean' | 'dirty' | 'saving' | 'saved' | 'offline' | 'refused' | 'failed'

type Kept = { draft: Draft; base: Draft; version: number }
const key = (login: string, number: string) => `card:${login}:${number}`

function keep(k: string, v: Kept | null) {
  try {
    if (v) localStorage.setItem(k, JSON.stringify(v))
    else localStorage.removeItem(k)
  } catch {
    // A full or forbidden storage: the text is still on the screen and on its way to the server.
  }
}
function kept(k: string): Kept | null {
  try {
    const raw = localStorage.getItem(k)
    return raw ? (JSON.parse(raw) as Kept) : null
  } catch {
    return null
  }
}

/** Sends a draft; a conflict is merged and sent again. Returns what the server now has, and their text where both wrote. */
async function send(number: string, from: Kept): Promise<{ card: api.Card; other: Partial<Draft>; draft: Draft }> {
  let { draft, base, version } = from
  let other: Partial<Draft> = {}
  for (let i = 0; ; i++) {
    try {
      return { card: await api.saveCard(number, { ...draft, version }), other, draft }
    } catch (e) {
      if (!(e instanceof api.ApiError) || e.status !== 409 || i >= 3) throw e
      const theirs = await api.card(number)
      const m = merge(base, draft, draftOf(theirs))
      base = draftOf(theirs)
      version = theirs.version
      draft = m.draft
      other = { ...other, ...m.other }
    }
  }
}

class CardStore {
  number = $state('')
  card = $state.raw<api.Card | null>(null)
  draft = $state<Draft>({ ...emptyDraft })
  other = $state<Partial<Draft>>({})
  state = $state<CardState>('none')
  savedAt = $state('')
  failedAt = $state('')
  restored = $state(false)

  private login = ''
  private base: Draft = emptyDraft
  private version = 0
  private timer = 0
  private tries = 0
  private busy: Promise<void> | null = null

  /** Tells whose drafts these are, and sends what an earlier page could not. */
  async start(login: string) {
    this.login = login
    const mine = Object.keys(localStorage).filter((k) => k.startsWith(`card:${login}:`))
    for (const k of mine) {
      const number = k.slice(`card:${login}:`.length)
      const draft = kept(k)
      if (!draft || number === this.number) continue
      try {
        await send(number, draft)
        keep(k, null)
      } catch {
        // Stays for the next start, or for the moment when the card is opened.
      }
    }
  }

  async open(number: string) {
    if (number === this.number && this.state !== 'failed') return
    void this.flush()
    clearTimeout(this.timer)
    this.number = number
    this.card = null
    this.draft = { ...emptyDraft }
    this.other = {}
    this.restored = false
    if (!number) {
      this.state = 'none'
      return
    }
    this.state = 'loading'
    try {
      const c = await api.card(number)
      if (this.number === number) this.take(c)
    } catch (e) {
      if (this.number === number) this.state = 'failed'
      if (e instanceof api.ApiError && e.status === 0) this.timer = window.setTimeout(() => this.reopen(), 2000)
    }
  }
  reopen() {
    if (this.state === 'failed') void this.open(this.number)
  }
  private take(c: api.Card) {
    this.card = c
    this.base = draftOf(c)
    this.version = c.version
    this.draft = draftOf(c)
    this.state = 'clean'
    const k = kept(key(this.login, c.number))
    if (!k) return
    const m = merge(k.base, k.draft, draftOf(c))
    this.draft = m.draft
    this.other = m.other
    if (equal(this.draft, this.base)) keep(key(this.login, c.number), null)
    else {
      this.restored = true
      this.edited()
    }
  }

  /** Something in the draft changed. */
  edited() {
    if (!this.card) return
    keep(key(this.login, this.number), { draft: $state.snapshot(this.draft), base: this.base, version: this.version })
    if (this.state !== 'offline') this.state = 'dirty'
    this.later(700)
  }
  private later(ms: number) {
    clearTimeout(this.timer)
    this.timer = window.setTimeout(() => void this.flush(), ms)
  }
  /** Sends what is unsaved now; the result is in state. */
  async flush(): Promise<void> {
    if (this.busy) await this.busy
    if (!this.card || equal(this.draft, this.base)) return
    clearTimeout(this.timer)
    this.busy = this.save(this.number)
    await this.busy
    this.busy = null
  }
  private async save(number: string) {
    const sent: Kept = { draft: $state.snapshot(this.draft), base: this.base, version: this.version }
    if (this.state !== 'offline') this.state = 'saving'
    try {
      const r = await send(number, sent)
      if (this.number !== number) return keep(key(this.login, number), null)
      this.saved(r, sent)
    } catch (e) {
      if (this.number === number) this.failed(e)
    }
  }
  private saved(r: { card: api.Card; other: Partial<Draft>; draft: Draft }, sent: Kept) {
    // What was typed while the answer was on its way stays on top of what was saved.
    this.draft = merge(sent.draft, $state.snapshot(this.draft), r.draft).draft
    this.card = r.card
    this.base = draftOf(r.card)
    this.version = r.card.version
    this.tries = 0
    this.other = { ...this.other, ...r.other }
    this.savedAt = timeSec(new Date())
    this.restored = false
    if (equal(this.draft, this.base)) {
      this.state = 'saved'
      keep(key(this.login, this.number), null)
    } else this.edited()
  }
  private failed(e: unknown) {
    const status = e instanceof api.ApiError ? e.status : 0
    if (status === 0 || status === 401 || status === 429 || status >= 500) {
      if (this.state !== 'offline') this.failedAt = timeSec(new Date())
      this.state = 'offline'
      this.later(backoff(this.tries++, Math.random()) + 800)
    } else this.state = 'refused'
  }
  /** The operator has decided about a field that both windows wrote. */
  settle(f: keyof Draft, takeTheirs: boolean) {
    const theirs = this.other[f]
    if (takeTheirs && theirs !== undefined) {
      this.draft = { ...this.draft, [f]: theirs }
      this.edited()
    }
    const rest = { ...this.other }
    delete rest[f]
    this.other = rest
  }
  addService(id: string) {
    if (this.draft.services.includes(id)) return
    this.draft.services = [...this.draft.services, id]
    this.edited()
  }
  removeService(id: string) {
    this.draft.services = this.draft.services.filter((s) => s !== id)
    this.edited()
  }
}

export const cardStore = new CardStore()
