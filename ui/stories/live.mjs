// The running program through two real browsers: an operator's and a citizen's. BASE_URL names the program (started with --demo),
// DOVIDKA_DEMO_PASSWORD its accounts' password; OPERATOR and HEAD are logins.
import { axe, browser, Report, shot } from './lib.mjs'

const base = process.env.BASE_URL
const password = process.env.DOVIDKA_DEMO_PASSWORD
const operator = process.env.OPERATOR ?? 'olena'
const head = process.env.HEAD ?? 'kerivnyk'
if (!base || !password) {
  console.error('live: BASE_URL and DOVIDKA_DEMO_PASSWORD are needed')
  process.exit(2)
}
const report = new Report()

/** Remembers every connection a page makes, so that a story can count its packets. */
const spy = () => {
  const Real = window.RTCPeerConnection
  window.pcs = []
  window.RTCPeerConnection = class extends Real {
    constructor(...a) {
      super(...a)
      window.pcs.push(this)
    }
  }
}
const sound = (page) =>
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
async function flowing(page, what, bound = 5000) {
  const first = await sound(page)
  const until = Date.now() + bound
  for (;;) {
    const now = await sound(page)
    if (now.received > first.received + 10 && now.sent > first.sent + 10) return now
    if (Date.now() > until) throw new Error(`${what}: no sound (${JSON.stringify(first)} → ${JSON.stringify(now)})`)
    await page.waitForTimeout(100)
  }
}
const api = (page, path) => page.evaluate(async (p) => (await fetch(p)).json(), path)

async function signIn(page, login) {
  await page.goto(base)
  await page.getByLabel('Логін').fill(login)
  await page.getByLabel('Пароль', { exact: true }).fill(password)
  await page.keyboard.press('Enter')
  await page.getByRole('navigation').waitFor()
}
async function status(page, name) {
  await page.getByRole('button', { name: /Мій статус/ }).click()
  await page.getByRole('group', { name: 'Мій статус' }).getByRole('button', { name, exact: true }).click()
}
async function dial(b) {
  const page = await b.context.newPage()
  await page.addInitScript(spy)
  await page.goto(`${base}/call`)
  await page.getByRole('button', { name: 'Подзвонити', exact: true }).click()
  await page.getByText('На зв’язку').waitFor({ timeout: 15_000 })
  return page
}

const a = await browser()
const b = await browser({ viewport: { width: 390, height: 844 } })
const desk = a.context.pages()[0] ?? (await a.context.newPage())
await desk.addInitScript(spy)
desk.on('pageerror', (e) => report.ok(false, `error on the desk: ${e.message}`))
desk.on('console', (m) => m.type() === 'error' && !/status of 40[19]/.test(m.text()) && report.ok(false, `console of the desk: ${m.text()}`))
let citizen
let call = ''

await report.step('sign-in', () => signIn(desk, operator))
await report.step('on the line: the browser telephone comes up by itself', async () => {
  await status(desk, 'На лінії')
  await desk.waitForFunction(() => window.pcs?.some((p) => p.connectionState === 'connected'))
  await desk.waitForFunction(async () => (await (await fetch('/api/desk')).json()).me.device_alive)
})
await axe(desk, report, 'live desk, idle')
await shot(desk, 'live-desk-idle')

await report.step('a citizen calls from /call and sees what is said', async () => {
  citizen = await dial(b)
  await citizen.waitForFunction(() => (document.querySelector('.said p')?.textContent ?? '').length > 60)
})
await axe(citizen, report, 'live /call')
await shot(citizen, 'live-call')
await report.step('0 → the offer stands on the desk; F3 → both hear each other', async () => {
  await citizen.keyboard.press('0')
  await desk.getByRole('button', { name: /Прийняти/ }).waitFor({ timeout: 30_000 })
  await shot(desk, 'live-desk-offered')
  await axe(desk, report, 'live desk, offered')
  await desk.keyboard.press('F3')
  await desk.getByRole('button', { name: /Завершити/ }).waitFor()
  call = (await api(desk, '/api/desk')).talk.call
  await flowing(desk, 'the operator')
  await flowing(citizen, 'the citizen')
})
await report.step('the card saves itself', async () => {
  await desk.getByLabel('Суть звернення').fill('Питає про документи')
  await desk.getByLabel('Надана відповідь').fill('Назвала перелік')
  await desk.getByText(/збережено \d/).waitFor()
})
await axe(desk, report, 'live desk, talking')
await shot(desk, 'live-desk-talking')
await report.step('F8 holds and returns; mute', async () => {
  await desk.keyboard.press('F8')
  await desk.getByText('На утриманні').first().waitFor()
  await desk.keyboard.press('F8')
  await desk.getByText('На утриманні').first().waitFor({ state: 'detached' })
  await desk.getByRole('button', { name: 'Без звуку' }).click()
  await desk.getByText('Вас не чути').waitFor()
  await desk.getByRole('button', { name: 'Без звуку' }).click()
  await desk.getByText('Вас не чути').waitFor({ state: 'detached' })
})
await report.step('reload during the talk: sound is back within 2 s, the text is there', async () => {
  const began = Date.now()
  await desk.reload({ waitUntil: 'commit' })
  for (;;) {
    const s = await sound(desk).catch(() => ({ received: 0, sent: 0 }))
    if (s.received > 2 && s.sent > 2) break
    if (Date.now() - began > 8000) throw new Error('no sound after 8 s')
    await new Promise((r) => setTimeout(r, 25))
  }
  const took = Date.now() - began
  console.log(`     re-attached in ${took} ms`)
  if (took > 2000) throw new Error(`it took ${took} ms`)
  await desk.getByRole('button', { name: /Завершити/ }).waitFor()
  await desk.waitForFunction(() => document.querySelector('#essence')?.value === 'Питає про документи')
  await flowing(citizen, 'the citizen after the reload')
  if (!(await citizen.getByText('На зв’язку').isVisible())) throw new Error('the citizen was cut off')
})
await report.step('another tab mirrors the desk and does not take the sound', async () => {
  const second = await a.context.newPage()
  await second.goto(base)
  await second.getByText('Телефон відкрито в іншій вкладці').waitFor()
  await shot(second, 'live-second-tab')
  await axe(second, report, 'live second tab')
  await second.close()
  await flowing(desk, 'the first tab')
})
await report.step('another computer: says where the telephone is, takes it over in mid-talk, gives it back', async () => {
  const c = await browser()
  const other = c.context.pages()[0]
  await other.addInitScript(spy)
  await signIn(other, operator)
  await other.getByRole('button', { name: 'Перенести телефон сюди' }).click()
  await flowing(other, 'the other computer')
  await desk.getByText('Телефон перейшов до іншої вкладки').waitFor()
  await desk.getByRole('button', { name: 'Перенести телефон сюди' }).click()
  await flowing(desk, 'the first computer again')
  await other.getByText('Телефон перейшов до іншої вкладки').waitFor()
  await c.close()
  if (!(await citizen.getByText('На зв’язку').isVisible())) throw new Error('the citizen was cut off')
})
await report.step('the head listens from the own browser, reloads, whispers, leaves; the desk says so and the talk goes on', async () => {
  const c = await browser()
  const page = c.context.pages()[0]
  await page.addInitScript(spy)
  await signIn(page, head)
  await page.getByRole('link', { name: 'Зараз' }).click()
  await page.getByRole('button', { name: /^Слухати: / }).first().click()
  await page.getByText('Вас не чує ніхто').first().waitFor({ timeout: 20_000 })
  await flowing(page, 'the head')
  await desk.getByText('Керівник слухає розмову').waitFor()
  await axe(page, report, 'live now, listening')
  await shot(page, 'live-now-listening')
  await page.reload()
  await page.getByText('Вас не чує ніхто').first().waitFor()
  await flowing(page, 'the head after a reload', 12_000)
  await page.getByRole('button', { name: 'Підказати', exact: true }).click()
  await desk.getByText('Керівник підказує').waitFor()
  await flowing(citizen, 'the citizen while the head whispers')
  await page.getByRole('button', { name: 'Більше не слухати' }).click()
  await desk.getByText('Керівник підказує').waitFor({ state: 'detached' })
  await flowing(citizen, 'the citizen after the head')
  await flowing(desk, 'the operator after the head')
  await c.close()
})
await report.step('F4 ends the talk, wrap-up with its timer, «Готово»', async () => {
  await desk.keyboard.press('F4')
  await desk.getByText('Допишіть картку').waitFor()
  await shot(desk, 'live-desk-wrapup')
  await axe(desk, report, 'live desk, wrap-up')
  await desk.keyboard.press('Control+Enter')
  await desk.getByText('Мої дзвінки сьогодні').waitFor()
})
await report.step('the survey: 4 and 1, then the citizen hangs up', async () => {
  await citizen.waitForTimeout(2500)
  await citizen.keyboard.press('4')
  await citizen.waitForTimeout(2500)
  await citizen.keyboard.press('1')
  await citizen.waitForTimeout(1000)
  const up = citizen.getByRole('button', { name: 'Покласти слухавку' })
  if (await up.isVisible()) await up.click()
  await citizen.getByText('Дзвінок завершено').first().waitFor()
  await citizen.close()
})
await report.step('the call stands in the journal; its story tells everything', async () => {
  await desk.getByRole('link', { name: 'Дзвінки', exact: true }).click()
  await desk.locator(`a[href="/calls/${call}"]`).first().waitFor()
  await axe(desk, report, 'live journal')
  await shot(desk, 'live-journal')
  await desk.locator(`a[href="/calls/${call}"]`).first().click()
  await desk.getByRole('heading', { name: 'Хід дзвінка' }).waitFor()
  await desk.getByText('Питає про документи').waitFor()
  await axe(desk, report, 'live story')
  await shot(desk, 'live-story')
  const story = await api(desk, `/api/calls/${call}`)
  if (story.record.outcome !== 'served') throw new Error(`outcome ${story.record.outcome}`)
  if (story.survey?.score !== 4) throw new Error(`survey ${JSON.stringify(story.survey)}`)
})

await report.step('a message: left by 1 in the queue, heard, taken, done', async () => {
  await desk.getByRole('link', { name: 'Робоче місце' }).click()
  await status(desk, 'обід')
  citizen = await dial(b)
  await citizen.keyboard.press('0')
  await citizen.waitForTimeout(3000)
  await citizen.keyboard.press('1')
  await citizen.waitForTimeout(14_000) // the request to speak, the tone, some seconds of words
  await citizen.keyboard.press('#')
  await citizen.waitForTimeout(3000)
  const up = citizen.getByRole('button', { name: 'Покласти слухавку' })
  if (await up.isVisible()) await up.click()
  await citizen.close()
  await desk.getByRole('link', { name: /Повідомлення/ }).click()
  await desk.getByRole('button', { name: /^Слухати/ }).first().waitFor()
  await axe(desk, report, 'live messages')
  await shot(desk, 'live-messages')
  await desk.getByRole('button', { name: /^Слухати/ }).first().click()
  await desk.waitForFunction(() => (document.querySelector('audio[src]')?.currentTime ?? 0) > 0.2)
  await desk.getByRole('button', { name: /^Взяти/ }).first().click()
  await desk.getByText('взято вами').waitFor()
  await desk.getByRole('button', { name: /^Виконано №/ }).first().click()
  await desk.getByLabel('Що зроблено').fill('Передзвонила, пояснила')
  await desk.getByRole('button', { name: 'Зберегти і закрити' }).click()
  await desk.getByText('Відкритих повідомлень немає').waitFor()
})
await report.step('services: a colloquial word finds the passport', async () => {
  await desk.getByRole('link', { name: 'Послуги' }).click()
  await desk.getByLabel('Пошук послуги').fill('закорд')
  await desk.getByRole('button', { name: /акордонн/ }).first().waitFor()
  await desk.getByRole('button', { name: /акордонн/ }).first().click()
  await desk.getByText('Сказати:').waitFor()
  await axe(desk, report, 'live services')
  await shot(desk, 'live-services')
})
await report.step('the head: no desk, the journal with its totals and CSV', async () => {
  const c = await browser()
  const page = await c.context.newPage()
  await signIn(page, head)
  await page.getByText('Підсумки').waitFor()
  if (await page.getByRole('link', { name: 'Робоче місце' }).count()) throw new Error('the head has a desk')
  const csv = await page.evaluate(async () => (await fetch(document.querySelector('a[download]').href)).status)
  if (csv !== 200) throw new Error(`CSV: ${csv}`)
  await axe(page, report, 'live head')
  await shot(page, 'live-head')
  await c.close()
})
await report.step('sign-out', async () => {
  await desk.getByRole('link', { name: 'Робоче місце' }).click()
  await status(desk, 'Не працюю')
  await desk.getByRole('button', { name: /Налаштування і вихід/ }).click()
  await desk.getByRole('button', { name: 'Вийти' }).click()
  await desk.getByLabel('Логін').waitFor()
})

await a.close()
await b.close()
console.log(`live: ${report.passed} passed, ${report.failures.length} failed`)
process.exit(report.failures.length ? 1 : 0)
