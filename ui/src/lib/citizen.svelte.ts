// The citizen's telephone: one call at a time, microphone optional. Nothing of it stays after the page.

import { uk } from '../uk'
import { answer, microphone, Speaker } from './rtc'

export type CallState = 'idle' | 'connecting' | 'talking' | 'ended'
type In =
  | { type: 'offer'; sdp: string }
  | { type: 'state'; state: 'connecting' | 'talking' | 'ended'; cause?: string }
  | { type: 'text'; text: string }
  | { type: 'ping'; n: number }

class Citizen {
  state = $state<CallState>('idle')
  note = $state('')
  text = $state('')
  since = $state(0)
  soundBlocked = $state(false)
  private ws: WebSocket | null = null
  private pc: RTCPeerConnection | null = null
  private mic: MediaStream | null = null
  private speaker: Speaker | null = null

  async call(withMic: boolean) {
    if (this.state === 'connecting' || this.state === 'talking') return
    this.state = 'connecting'
    this.note = ''
    this.text = ''
    this.speaker ??= new Speaker((b) => (this.soundBlocked = b))
    if (withMic) {
      try {
        this.mic = await microphone()
      } catch {
        this.note = uk.citizen.micRefused
      }
    }
    if (this.state !== 'connecting') return this.close()
    this.open()
  }
  private open() {
    const ws = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/citizen`)
    this.ws = ws
    ws.onopen = () => ws.send(JSON.stringify({ type: 'call', mic: this.mic !== null }))
    ws.onmessage = (e: MessageEvent<string>) => {
      if (this.ws === ws) void this.take(ws, JSON.parse(e.data) as In)
    }
    ws.onclose = () => {
      if (this.ws === ws && this.state !== 'ended') this.end(uk.citizen.lost)
    }
  }
  private async take(ws: WebSocket, m: In) {
    switch (m.type) {
      case 'offer': {
        this.pc?.close()
        const made = await answer(m.sdp, this.mic, (s) => this.speaker?.play(s))
        if (this.ws !== ws) return made.pc.close()
        this.pc = made.pc
        ws.send(JSON.stringify({ type: 'answer', sdp: made.sdp }))
        return
      }
      case 'state':
        if (m.state === 'ended') return this.end(uk.citizen.causes[m.cause ?? ''] ?? '')
        if (m.state === 'talking' && this.state !== 'talking') this.since = Date.now()
        this.state = m.state
        return
      case 'text':
        this.text = m.text
        return
      case 'ping':
        ws.send(JSON.stringify({ type: 'pong', n: m.n }))
    }
  }
  key(k: string) {
    if (this.state === 'talking' || this.state === 'connecting') this.ws?.send(JSON.stringify({ type: 'dtmf', key: k }))
  }
  hangup() {
    if (this.ws?.readyState === WebSocket.OPEN) this.ws.send(JSON.stringify({ type: 'hangup' }))
    this.end('')
  }
  unlock() {
    this.speaker?.unlock()
  }
  private end(note: string) {
    this.state = 'ended'
    if (note) this.note = note
    this.close()
  }
  private close() {
    const ws = this.ws
    this.ws = null
    setTimeout(() => ws?.close(), 200) // let «hangup» go out first
    this.pc?.close()
    this.pc = null
    this.speaker?.stop()
    this.mic?.getTracks().forEach((t) => t.stop())
    this.mic = null
  }
}

export const citizen = new Citizen()
