// The program's HTTP API as the pages use it. Shapes come from ui/openapi.json (npm run api); errors become ApiError.

import createClient from 'openapi-fetch'
import { uk } from '../uk'
import type { Device, Target, Telephone } from './types'
import type { components, paths } from './schema'

type Schemas = components['schemas']
export type Call = Schemas['Call']
export type Story = Schemas['CallStory']
export type Card = Schemas['Card']
export type OpenCard = Schemas['OpenCard']
export type CardEdit = Schemas['CardEdit']
export type Message = Schemas['Message']
export type MessageList = Schemas['MessageList']
export type Service = Schemas['Service']
export type Totals = Schemas['Totals']
export type CentreStatus = Schemas['Status']
export type Who = Schemas['Who']
export type Board = Schemas['Board']
export type Mode = 'listen' | 'whisper' | 'barge'
export type Trunk = Schemas['TrunkView']
export type TrunkEdit = Schemas['TrunkEdit']
export type TrunkTemplate = Schemas['TrunkTemplate']
export type TrunkHealth = Schemas['TrunkHealth']
export type Inspection = Schemas['Inspection']
export type Outgoing = Schemas['OutgoingPage']

const client = createClient<paths>({ baseUrl: '/' })

/** status 0: the server could not be reached. message is fit for the screen. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

function sentence(status: number, detail: unknown): string {
  if (typeof detail === 'string' && detail !== '') return detail
  switch (status) {
    case 0:
      return uk.errors.network
    case 403:
      return uk.errors.denied
    case 404:
      return uk.errors.notFound
    case 409:
      return uk.errors.conflict
    case 422:
      return uk.errors.invalid
    case 429:
      return uk.errors.limit
    default:
      return uk.errors.server
  }
}

let onSignedOut: () => void = () => {}
/** Called when a request finds that the session is over. */
export function whenSignedOut(f: () => void) {
  onSignedOut = f
}

type Answer<T> = { data?: T; error?: unknown; response: Response }

async function ask<T>(p: Promise<Answer<T>>, quiet = false): Promise<T> {
  let a: Answer<T>
  try {
    a = await p
  } catch {
    throw new ApiError(0, uk.errors.network)
  }
  if (a.response.ok) return a.data as T
  if (a.response.status === 401 && !quiet) onSignedOut()
  throw new ApiError(a.response.status, sentence(a.response.status, (a.error as { detail?: unknown } | undefined)?.detail))
}

export const session = () => ask(client.GET('/api/session'), true)
export const signIn = (login: string, password: string) => ask(client.POST('/api/session', { body: { login, password } }), true)
export const signOut = () => ask(client.DELETE('/api/session'), true)
export const centre = () => ask(client.GET('/api/status'), true)

export type CallQuery = { day?: string; month?: string; outcome?: string; metric?: string; number?: string; agent?: string; limit?: number; before?: string }
export const calls = (query: CallQuery) => ask(client.GET('/api/calls', { params: { query } }))
export const story = (id: string) => ask(client.GET('/api/calls/{id}', { params: { path: { id } } }))
export const totals = (month: string) => ask(client.GET('/api/totals', { params: { query: { month } } }))

export type Box = 'messages' | 'proposals' | ''
export type MessageState = 'open' | 'done' | 'all'
export const messages = (state: MessageState) => ask(client.GET('/api/messages', { params: { query: { state } } }))
export const takeMessage = (number: string) => ask(client.POST('/api/messages/{number}/take', { params: { path: { number } } }))
export const doneMessage = (number: string, note: string) =>
  ask(client.POST('/api/messages/{number}/done', { params: { path: { number } }, body: { note } }))
export const soundUrl = (number: string) => `/api/messages/${encodeURIComponent(number)}/sound`
export const recordingUrl = (id: string) => `/api/recordings/${encodeURIComponent(id)}/sound`
export const recordingFileUrl = (id: string) => `/api/recordings/${encodeURIComponent(id)}/file`
export const deleteRecording = (id: string, reason: string) =>
  ask(client.POST('/api/recordings/{id}/delete', { params: { path: { id } }, body: { reason } }))
export const csvUrl = (month: string) => `/api/calls.csv?month=${month}`

export const card = (number: string) => ask(client.GET('/api/cards/{number}', { params: { path: { number } } }))
export const unfinishedCards = () => ask(client.GET('/api/cards'))
export const saveCard = (number: string, edit: CardEdit) =>
  ask(client.PUT('/api/cards/{number}', { params: { path: { number } }, body: edit }))
export const services = (q: string) => ask(client.GET('/api/services', { params: { query: { q } } }))

export const board = {
  now: () => ask(client.GET('/api/board')),
  supervise: (call: string, mode: Mode, device: 'browser' | 'phone') => ask(client.POST('/api/board/supervise', { body: { call, mode, device } })),
  leave: () => ask(client.POST('/api/board/leave')),
}

export const desk = {
  view: () => ask(client.GET('/api/desk')),
  today: () => ask(client.GET('/api/desk/today')),
  status: (status: 'ready' | 'break' | 'offline', reason: string) => ask(client.POST('/api/desk/status', { body: { status, reason } })),
  device: (device: Device) => ask(client.POST('/api/desk/device', { body: { device } })),
  answer: () => ask(client.POST('/api/desk/answer')),
  refuse: () => ask(client.POST('/api/desk/refuse')),
  hangup: () => ask(client.POST('/api/desk/hangup')),
  hold: (on: boolean) => ask(client.POST('/api/desk/hold', { body: { on } })),
  mute: (on: boolean) => ask(client.POST('/api/desk/mute', { body: { on } })),
  digits: (keys: string) => ask(client.POST('/api/desk/digits', { body: { keys } })),
  recording: (on: boolean) => ask(client.POST('/api/desk/recording', { body: { on } })),
  targets: () => ask(client.GET('/api/desk/targets')),
  transfer: (to: Target) => ask(client.POST('/api/desk/transfer', { body: to })),
  consult: (to: Target) => ask(client.POST('/api/desk/consult', { body: to })),
  complete: () => ask(client.POST('/api/desk/complete')),
  back: () => ask(client.POST('/api/desk/return')),
  conference: () => ask(client.POST('/api/desk/conference')),
  park: () => ask(client.POST('/api/desk/park')),
  take: (slot: number) => ask(client.POST('/api/desk/take', { body: { slot } })),
  move: (device: Telephone) => ask(client.POST('/api/desk/move', { body: { device } })),
  wrapUpDone: () => ask(client.POST('/api/desk/wrapup-done')),
}

const named = (name: string) => ({ params: { path: { name } } })
export const trunks = {
  list: () => ask(client.GET('/api/trunks')),
  add: (body: TrunkEdit) => ask(client.POST('/api/trunks', { body })),
  change: (name: string, body: TrunkEdit) => ask(client.PUT('/api/trunks/{name}', { ...named(name), body })),
  remove: (name: string) => ask(client.DELETE('/api/trunks/{name}', named(name))),
  health: (name: string) => ask(client.GET('/api/trunks/{name}/health', named(name))),
  tryNow: (name: string) => ask(client.POST('/api/trunks/{name}/try', named(name))),
  inspect: (name: string) => ask(client.POST('/api/trunks/{name}/inspect', named(name))),
  inspection: (name: string) => ask(client.GET('/api/trunks/{name}/inspect', named(name))),
  learn: (name: string, what: 'caller' | 'called', header: string) => ask(client.POST('/api/trunks/{name}/learn', { ...named(name), body: { what, header } })),
  forget: (name: string) => ask(client.DELETE('/api/trunks/{name}/learn', named(name))),
}
export const outgoing = () => ask(client.GET('/api/outgoing'))
export const allow = (number: string, title: string) => ask(client.POST('/api/outgoing/allowed', { body: { number, title } }))
export const disallow = (number: string) => ask(client.DELETE('/api/outgoing/allowed/{number}', { params: { path: { number } } }))
