// The live state of the desk: one WebSocket that brings the whole AgentView on every change. Reconnects for ever.

import type { AgentView } from '../api/types'
import { backoff, staleFor } from './backoff'

class Live {
  view = $state.raw<AgentView | null>(null)
  connected = $state(false)
  /** This machine's clock in ms, moved on once a second: timers read it. */
  tick = $state(Date.now())
  private offset = $state(0)
  private last = $state(0)
  private ws: WebSocket | null = null
  private tries = 0
  private timer = 0
  private beat = 0
  private running = false
  private onDenied: () => void = () => {}

  /** The server's clock in ms, from the last view. */
  get now(): number {
    return this.tick + this.offset
  }
  /** Age of the data in seconds when it is worth saying, else 0. */
  get stale(): number {
    return this.last === 0 ? 0 : staleFor(this.last, this.tick, this.connected)
  }

  start(onDenied: () => void) {
    this.onDenied = onDenied
    if (this.running) return
    this.running = true
    this.beat = window.setInterval(() => {
      this.tick = Date.now()
      // The server speaks at least every 10 s: a socket that is silent longer is dead, whatever the system says.
      if (this.connected && this.tick - this.last > 15_000) this.connect()
    }, 1000)
    addEventListener('online', this.hurry)
    this.connect()
  }
  stop() {
    this.running = false
    clearInterval(this.beat)
    clearTimeout(this.timer)
    removeEventListener('online', this.hurry)
    this.ws?.close()
    this.ws = null
    this.view = null
    this.connected = false
    this.last = 0
  }
  private hurry = () => {
    this.tries = 0
    clearTimeout(this.timer)
    if (!this.connected && this.running) this.connect()
  }
  private connect() {
    const old = this.ws
    this.ws = null
    old?.close()
    this.connected = false
    const ws = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/live`)
    this.ws = ws
    ws.onopen = () => {
      if (this.ws !== ws) return
      this.connected = true
      this.last = Date.now()
      this.tries = 0
    }
    ws.onmessage = (e: MessageEvent<string>) => this.take(e.data)
    ws.onclose = (e) => {
      if (this.ws !== ws) return
      this.connected = false
      if (!this.running) return
      if (e.code === 4401 || this.tries === 1) this.onDenied()
      this.timer = window.setTimeout(() => this.connect(), backoff(this.tries++, Math.random()))
    }
  }
  private take(data: string) {
    const view = JSON.parse(data) as AgentView
    this.view = view
    this.last = this.tick = Date.now()
    this.offset = Date.parse(view.now) - this.last
  }
}

export const live = new Live()
