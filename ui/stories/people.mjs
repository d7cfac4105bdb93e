// What the stories of the running program share: operators and citizens in real browsers, and whether sound flows.
export const base = process.env.BASE_URL
const password = process.env.DOVIDKA_DEMO_PASSWORD
if (!base || !password) {
  console.error('live stories: BASE_URL and DOVIDKA_DEMO_PASSWORD are needed')
  process.exit(2)
}

/** Remembers every connection a page makes, so that a story can count its packets. */
export const spy = () => {
  const Real = window.RTCPeerConnection
  window.pcs = []
  window.RTCPeerConnection = class extends Real {
    constructor(...a) {
      super(...a)
      window.pcs.push(this)
    }
  }
}
export const sound = (page) =>
  page.evaluate(async () => {
    const out = { received: 0, sent: 0, energy: 0 }
    for (const pc of window.pcs ?? [])
      for (const s of (await pc.getStats()).values()) {
        if (s.type === 'inbound-rtp') {
          out.received += s.packetsReceived ?? 0
          out.energy += s.totalAudioEnergy ?? 0
        }
        if (s.type === 'outbound-rtp') out.sent += s.packetsSent ?? 0
      }
    return out
  })
/** Sound must flow both ways from now on. */
export async function flowing(page, what, bound = 5000) {
  const first = await sound(page)
  const until = Date.now() + bound
  for (;;) {
    const now = await sound(page)
    if (now.received > first.received + 10 && now.sent > first.sent + 10) return now
    if (Date.now() > until) throw new Error(`${what}: no sound (${JSON.stringify(first)} → ${JSON.stringify(now)})`)
    await page.waitForTimeout(100)
  }
}
export const api = (page, path) => page.evaluate(async (p) => (await fetch(p)).json(), path)

export async function signIn(page, login) {
  await page.goto(base)
  await page.getByLabel('Логін').fill(login)
  await page.getByLabel('Пароль', { exact: true }).fill(password)
  await page.keyboard.press('Enter')
  await page.getByRole('navigation').waitFor()
}
export async function status(page, name) {
  await page.getByRole('button', { name: /Мій статус/ }).click()
  await page.getByRole('group', { name: 'Мій статус' }).getByRole('button', { name, exact: true }).click()
}
export async function dial(b) {
  const page = await b.context.newPage()
  await page.addInitScript(spy)
  await page.goto(`${base}/call`)
  await page.getByRole('button', { name: 'Подзвонити', exact: true }).click()
  await page.getByText('На зв’язку').waitFor({ timeout: 15_000 })
  return page
}

