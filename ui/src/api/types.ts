// The words of the live socket and the shapes the pages need. What the HTTP API answers is generated in schema.d.ts.

export type Status = 'ready' | 'break' | 'offline'
export type Activity = 'idle' | 'offered' | 'talking' | 'wrapup'
export type Device = 'browser' | 'phone'

export type Me = {
  login: string
  name: string
  role: string
  status: Status
  reason: string
  activity: Activity
  since: string
  device: Device
  device_alive: boolean
  next?: Status | ''
}
export type Offer = {
  call: string
  number_masked: string
  topic: string
  service: string
  path: string[] | null
  waited_s: number
  deadline: string
}
export type Talk = {
  call: string
  number: string
  since: string
  held: boolean
  muted: boolean
  lost: boolean
  waited_s: number
  path: string[] | null
  service: string
  card: string
  recording?: '' | 'on' | 'paused' | 'refused' | 'failed'
  supervised?: '' | 'listen' | 'whisper' | 'barge'
}
export type WrapUp = { call: string; until: string; card: string }
export type Strip = { kind: 'alarm' | 'wait' | 'info'; text: string; about?: string }

/** All that the desk shows live; the server sends it whole on every change. */
export type AgentView = {
  me: Me
  offer: Offer | null
  talk: Talk | null
  wrapup: WrapUp | null
  queue: { waiting: number; longest_s: number; ready: number; talking: number }
  messages: { open: number }
  strips: Strip[] | null
  today: { answered: number; missed: number; talk_s: number }
  open: boolean
  now: string
}

export type Session = { login: string; name: string; role: string }
