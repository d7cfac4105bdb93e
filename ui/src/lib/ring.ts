// The ring: two soft notes made by WebAudio, repeated every 2.4 s until stopped. No file, nothing to load.

let ctx: AudioContext | null = null
let timer = 0

/** Wakes the sound of the page; call it from a click. */
export function unlockRing() {
  ctx ??= new AudioContext()
  if (ctx.state === 'suspended') void ctx.resume()
}

function note(c: AudioContext, hz: number, at: number, length: number) {
  const osc = c.createOscillator()
  const gain = c.createGain()
  osc.frequency.value = hz
  osc.type = 'triangle'
  gain.gain.setValueAtTime(0, at)
  gain.gain.linearRampToValueAtTime(0.22, at + 0.03)
  gain.gain.setValueAtTime(0.22, at + length - 0.08)
  gain.gain.linearRampToValueAtTime(0, at + length)
  osc.connect(gain).connect(c.destination)
  osc.start(at)
  osc.stop(at + length)
}

function twice() {
  if (!ctx) return
  const t = ctx.currentTime + 0.02
  note(ctx, 659, t, 0.34)
  note(ctx, 880, t + 0.36, 0.44)
}

export function startRing() {
  if (timer) return
  unlockRing()
  twice()
  timer = window.setInterval(twice, 2400)
}

export function stopRing() {
  clearInterval(timer)
  timer = 0
}
