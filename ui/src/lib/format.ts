// How times, durations, dates and numbers are written. Times come in UTC and are shown in Kyiv.

const zone = 'Europe/Kyiv'
const two = (n: number) => String(n).padStart(2, '0')

/** «2 хв 05 с», «48 с», «1 год 02 хв». Seconds in; never negative. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds))
  if (s < 60) return `${s} с`
  if (s < 3600) return `${Math.floor(s / 60)} хв ${two(s % 60)} с`
  return `${Math.floor(s / 3600)} год ${two(Math.floor((s % 3600) / 60))} хв`
}

/** A running timer: «03:12», «1:02:03». */
export function clock(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds))
  const h = Math.floor(s / 3600)
  const rest = `${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`
  return h > 0 ? `${h}:${rest}` : rest
}

const timeFmt = new Intl.DateTimeFormat('uk-UA', { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const secFmt = new Intl.DateTimeFormat('uk-UA', {
  timeZone: zone,
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})
const dayFmt = new Intl.DateTimeFormat('uk-UA', { timeZone: zone, weekday: 'long', day: 'numeric', month: 'long' })
const shortFmt = new Intl.DateTimeFormat('uk-UA', { timeZone: zone, day: '2-digit', month: '2-digit' })
const monthFmt = new Intl.DateTimeFormat('uk-UA', { timeZone: 'UTC', month: 'long' })
const keyFmt = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' })

/** «14:05». */
export const time = (t: Date | string): string => timeFmt.format(new Date(t))
/** «14:05:12». */
export const timeSec = (t: Date | string): string => secFmt.format(new Date(t))
/** «понеділок, 23 листопада». */
export const day = (t: Date | string): string => dayFmt.format(new Date(t))
/** «понеділок, 23 листопада, 14:05». */
export const dayTime = (t: Date | string): string => `${day(t)}, ${time(t)}`
const dayShortFmt = new Intl.DateTimeFormat('uk-UA', { timeZone: 'UTC', weekday: 'short', day: 'numeric', month: 'long' })
/** «пн, 23 листопада» of «2026-11-23». */
export const dayShort = (key: string): string => dayShortFmt.format(new Date(`${key}T12:00:00Z`))
/** «2026-11-23», the day in Kyiv. */
export const dayKey = (t: Date | string): string => keyFmt.format(new Date(t))
/** «2026-11». */
export const monthKey = (t: Date | string): string => dayKey(t).slice(0, 7)

/** «14:05» today, «23.11, 14:05» on another day. */
export function when(t: Date | string, now: Date): string {
  return dayKey(t) === dayKey(now) ? time(t) : `${shortFmt.format(new Date(t))}, ${time(t)}`
}

/** «листопад 2026» of «2026-11». */
export function monthName(key: string): string {
  const d = new Date(`${key}-01T00:00:00Z`)
  return `${monthFmt.format(d)} ${key.slice(0, 4)}`
}

/** A number fit for the screen, or '' when the caller's number is hidden (whatever words stand in its place). */
export const known = (n: string): string => (/\d/.test(n) ? phone(n) : '')

/** «067 123 45 67» of +380671234567; 0-800 numbers in pairs, «0 800 35 36 08»; anything else as it came. */
export function phone(n: string): string {
  const digits = n.replace(/[\s()-]/g, '')
  const local = /^\+?380\d{9}$/.test(digits) ? digits.replace(/^\+?38/, '') : digits
  if (/^0800\d{6}$/.test(local)) return local.replace(/^(0)(800)(\d{2})(\d{2})(\d{2})$/, '$1 $2 $3 $4 $5')
  return /^0\d{9}$/.test(local) ? local.replace(/^(\d{3})(\d{3})(\d{2})(\d{2})$/, '$1 $2 $3 $4') : n
}

/** «78 %»; share is 0..1. */
export const percent = (share: number): string => `${Math.round(share * 100)} %`

const numFmt = new Intl.NumberFormat('uk-UA')
/** «1 482». */
export const number = (n: number): string => numFmt.format(n)

/** Seconds until t; negative when it is past. */
export const secondsTo = (t: string, nowMs: number): number => (Date.parse(t) - nowMs) / 1000
