// The operator's telephone in this page: one socket for signalling, one WebRTC stream that stays up for the whole shift.
// Loading the page and losing the network end in the same place, connect(): the server keeps the citizen meanwhile.

import { backoff } from './backoff'
import { judge, type Quality } from './quality'
import { answer, microphone, Speaker } from './rtc'

// Remembered by this tab over a reload: it had the telephone, so the new page claims it back at once.
const mark = 'had-telephone'
const reloaded = () => (performance.getEntriesByType('navigation')[0] as PerformanceNavigationTiming | undefined)?.type === 'reload'
/** The server pings every 2 s: after this long without a word the socket is dead, whatever the system says. */
const deafAfter = 6000

/** off: not wanted · waiting: another tab has it · connecting · up · taken: moved elsewhere · nomic · insecure. */
export type PhoneState = 'off' | 'waiting' | 'connecting' | 'up' | 'taken' | 'nomic' | 'insecure'

type In =
  | { type: 'offer'; sdp: string }
  | { type: 'ping'; n: number }
  | { type: 'state'; media: 'up' | 'down' }
  | { type: 'taken' }
  | { type: 'ring'; call: string }
  | { type: 'ring_stop' }

class Phone {
  state = $state<PhoneState>('off')
  soundBlocked = $state(false)
  micLost = $state(false)
  quality = $state<Quality | null>(null)
  /** This tab holds the lock: it, and no other tab of this browser, speaks with the server. */
  owner = $state(false)
  /** This tab rings and plays. */
  get rings(): boolean {
    return this.owner && this.state !== 'taken'
  }

  private want = false
  private ws: WebSocket | null = null
  private pc: RTCPeerConnection | null = null
  private mic: MediaStream | null = null
  private speaker: Speaker | null = null
  private muted = false
  private tries = 0
  private timer = 0
  private stats = 0
  private deaf = 0
  private release: (() => void) | null = null
  private abort: AbortController | null = null
  private claiming = false

  /** Called with what the desk wants; asking twice changes nothing. */
  set(want: boolean) {
    if (want === this.want) return
    this.want = want
    if (!want) return this.off()
    this.claiming = sessionStorage.getItem(mark) !== null && reloaded()
    this.lock(this.claiming)
    addEventListener('online', this.hurry)
  }
  /** Takes the telephone over from another tab or computer. */
  claim() {
    this.claiming = true
    this.want = true
    this.close()
    this.lock(true)
  }
  private hurry = () => {
    this.tries = 0
    this.retry()
  }
  retry() {
    if (this.want && this.owner) void this.connect()
  }
  unlock() {
    this.speaker?.unlock()
  }
  /** Switches the microphone itself off and on, so that nothing leaves the room while muted. */
  mute(on: boolean) {
    this.muted = on
    this.mic?.getAudioTracks().forEach((t) => (t.enabled = !on))
  }

  /** One tab owns the telephone. A reload frees the lock with the old page, so the new one gets it at once. */
  private lock(steal: boolean) {
    if (!window.isSecureContext) {
      this.state = 'insecure'
      return
    }
    if (!navigator.locks) return this.own()
    this.state = 'waiting'
    this.abort?.abort()
    this.abort = new AbortController()
    const options: LockOptions = steal ? { steal: true } : { signal: this.abort.signal }
    navigator.locks
      .request('dovidka-telephone', options, () => {
        if (!this.want) return
        this.own()
        return new Promise<void>((done) => (this.release = done))
      })
      .catch((e: unknown) => {
        if (!(e instanceof DOMException) || e.name !== 'AbortError') return
        if (this.owner) this.lose('taken') // stolen by another tab
      })
  }
  private own() {
    this.owner = true
    void this.connect()
  }
  private lose(state: PhoneState) {
    this.close()
    this.owner = false
    this.release?.()
    this.release = null
    this.state = state
  }
  private off() {
    removeEventListener('online', this.hurry)
    sessionStorage.removeItem(mark)
    this.abort?.abort()
    this.lose('off')
    this.mic?.getTracks().forEach((t) => t.stop())
    this.mic = null
    this.micLost = false
  }
  private close() {
    clearTimeout(this.timer)
    clearInterval(this.stats)
    clearTimeout(this.deaf)
    const { ws, pc } = this
    this.ws = this.pc = null
    ws?.close()
    pc?.close()
    this.speaker?.stop()
    this.quality = null
  }

  private async connect() {
    this.close()
    this.state = 'connecting'
    // The microphone and the socket are asked for together: after a reload every tenth of a second is music for a citizen.
    const mic = this.openMic()
    this.openSocket(mic)
    if (!(await mic) && this.want && this.owner) {
      this.close()
      this.state = 'nomic'
    }
  }
  private async openMic(): Promise<MediaStream | null> {
    if (this.mic?.getAudioTracks().some((t) => t.readyState === 'live')) return this.mic
    try {
      const s = await microphone()
      this.mic = s
      this.micLost = false
      this.mute(this.muted)
      s.getAudioTracks().forEach((t) => (t.onended = () => void this.renewMic()))
      return s
    } catch {
      return null
    }
  }
  /** The headset was pulled out: take what the system has now and put it into the same stream. */
  private async renewMic() {
    this.micLost = true
    const s = await this.openMic()
    const track = s?.getAudioTracks()[0]
    if (track) await this.pc?.getSenders()[0]?.replaceTrack(track)
    else if (this.owner) navigator.mediaDevices.addEventListener('devicechange', () => void this.renewMic(), { once: true })
  }
  private openSocket(mic: Promise<MediaStream | null>) {
    const ws = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/phone`)
    this.ws = ws
    ws.onopen = () => {
      if (this.ws !== ws) return
      this.tries = 0
      if (this.claiming) ws.send(JSON.stringify({ type: 'claim' }))
      this.claiming = false
      this.listen()
    }
    ws.onmessage = (e: MessageEvent<string>) => {
      if (this.ws !== ws) return
      this.listen()
      void this.take(ws, JSON.parse(e.data) as In, mic)
    }
    ws.onclose = () => {
      if (this.ws !== ws || !this.owner) return
      this.ws = null
      if (this.state !== 'taken') this.claiming = true // it was ours: the server may not know yet that the old socket is gone
      this.state = 'connecting'
      this.timer = window.setTimeout(() => void this.connect(), backoff(this.tries++, Math.random()))
    }
  }
  /** Waits for the next word of the server; too long a silence opens a new socket. */
  private listen() {
    clearTimeout(this.deaf)
    this.deaf = window.setTimeout(() => {
      this.claiming = this.state !== 'taken'
      void this.connect()
    }, deafAfter)
  }
  private async take(ws: WebSocket, m: In, mic: Promise<MediaStream | null>) {
    switch (m.type) {
      case 'ping':
        ws.send(JSON.stringify({ type: 'pong', n: m.n }))
        return
      case 'offer':
        return this.answerOffer(ws, m.sdp, mic)
      case 'state':
        this.state = m.media === 'up' ? 'up' : 'connecting'
        if (m.media === 'up') sessionStorage.setItem(mark, '1')
        return
      case 'taken': // the socket stays: should the other page go, the server offers the sound to this one
        sessionStorage.removeItem(mark)
        this.pc?.close()
        this.pc = null
        this.speaker?.stop()
        this.state = 'taken'
        return
      default: // ring and ring_stop: the ring follows the live view
        return
    }
  }
  private async answerOffer(ws: WebSocket, sdp: string, mic: Promise<MediaStream | null>) {
    const stream = await mic
    if (!stream || this.ws !== ws) return
    if (this.state === 'taken') this.state = 'connecting'
    this.pc?.close()
    this.speaker ??= new Speaker((b) => (this.soundBlocked = b))
    const made = await answer(sdp, this.mic ?? stream, (s) => this.speaker?.play(s))
    if (this.ws !== ws) return made.pc.close()
    this.pc = made.pc
    made.pc.onconnectionstatechange = () => {
      if (this.pc !== made.pc) return
      if (made.pc.connectionState === 'connected') this.state = 'up'
      if (made.pc.connectionState === 'failed') {
        this.claiming = true
        void this.connect()
      }
    }
    ws.send(JSON.stringify({ type: 'answer', sdp: made.sdp }))
    this.watch(made.pc)
  }
  private watch(pc: RTCPeerConnection) {
    clearInterval(this.stats)
    let lost = 0
    let got = 0
    this.stats = window.setInterval(async () => {
      for (const s of (await pc.getStats()).values()) {
        const r = s as RTCInboundRtpStreamStats
        if (r.type !== 'inbound-rtp') continue
        const dLost = (r.packetsLost ?? 0) - lost
        const dGot = (r.packetsReceived ?? 0) - got
        lost = r.packetsLost ?? 0
        got = r.packetsReceived ?? 0
        this.quality = dGot + dLost > 0 ? judge(Math.max(0, dLost) / (dGot + dLost), r.jitter ?? 0) : null
      }
    }, 2000)
  }
}

export const phone = new Phone()
