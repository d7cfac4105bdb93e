// The words of the live socket and the shapes the pages need. What the HTTP API answers is generated in schema.d.ts.

export type Status = 'ready' | 'break' | 'offline'
export type Activity = 'idle' | 'offered' | 'talking' | 'wrapup'
export type Telephone = 'browser' | 'phone'
export type Device = Telephone | 'both'

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
  devices?: Telephone[]
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
  why?: '' | 'consult' | 'transfer' | 'return' | 'park'
  by?: string
  note?: string
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
  stage?: Stage
  guest?: boolean
  second?: { kind: 'agent' | 'department'; name: string; lost: boolean } | null
  device?: Telephone
  moving?: boolean
  notice?: string
}
/** Where a talk stands: with the citizen alone, a second party is rung, conferred with, or among three. */
export type Stage = 'talking' | 'calling' | 'consulting' | 'conference'
export type Colleague = { login: string; name: string; status: Status; activity: Activity; reason: string; free: boolean }
export type Parked = { slot: number; call: string; number_masked: string; topic: string; service: string; by: string; by_name: string; since: string; until: string }
export type Target = { kind: 'agent' | 'queue' | 'department'; id: string }
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
  parked?: Parked[]
  team?: Colleague[]
  strips: Strip[] | null
  today: { answered: number; missed: number; talk_s: number }
  open: boolean
  now: string
}

export type Session = { login: string; name: string; role: string }
