// The desk's states in which somebody else comes into a talk, over a fake API: pictures light and dark, axe, what is asked of the server.
import { axe, browser, Report, serveDist, shot } from './lib.mjs'
import { fake, offer, parked, talk, view } from './fake.mjs'

const report = new Report()
const { base, stop } = await serveDist()

/** Every state of a transfer, a consultation, a talk of three, a parking and several telephones. */
async function transfers(look, scheme, viewport) {
  const b = await browser({ colorScheme: scheme, viewport })
  const page = await b.context.newPage()
  page.on('pageerror', (e) => report.ok(false, `${look}: error on the page: ${e.message}`))
  const h = await fake(page)
  const second = { kind: 'agent', name: 'Петро Прикладний', lost: false }
  const me = { activity: 'talking', device: 'both', devices: ['browser', 'phone'] }
  const see = async (name) => {
    await page.waitForTimeout(250)
    await shot(page, `transfer-${name}-${look}`)
    await axe(page, report, `transfer ${name} ${look}`)
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    report.ok(wide <= 0, `transfer ${name} ${look}: nothing wider than the screen (${wide})`)
  }
  const state = async (name, o, text) => {
    h.push(view(o))
    await page.getByText(text).first().waitFor()
    await see(name)
  }
  h.view = view({ me, talk: talk() })
  await page.goto(base)
  await page.getByRole('button', { name: /Передати/ }).waitFor()
  await see('talking')
  await page.keyboard.press('F9')
  await page.getByLabel('Ім’я, підрозділ або тема').waitFor()
  await page.getByText('Відділ соціального захисту').waitFor()
  await see('list')
  await page.getByRole('button', { name: /Марія Вигадана/ }).click()
  await see('list-busy')
  await page.getByLabel('Ім’я, підрозділ або тема').fill('соц захист')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Порадитися' }).waitFor()
  await see('list-department')
  await page.getByLabel('Ім’я, підрозділ або тема').fill('нікого')
  await see('list-nothing')
  await page.keyboard.press('Escape')
  await state('calling', { me, talk: talk({ stage: 'calling', second }) }, 'Дзвонимо: Петро')
  await state('consulting', { me, talk: talk({ stage: 'consulting', second }) }, 'Порада: Петро')
  await state('conference', { me, talk: talk({ stage: 'conference', second: { ...second, kind: 'department', name: 'Відділ соціального захисту' } }) }, 'Розмова втрьох')
  await state('lost', { me, talk: talk({ stage: 'conference', second: { ...second, lost: true } }) }, 'зв’язок перервано, чекаємо')
  await state('notice', { me, talk: talk({ notice: 'Петро Прикладний: немає відповіді.' }) }, 'немає відповіді')
  await state('moving', { me, talk: talk({ device: 'browser', moving: true }) }, 'підніміть слухавку')
  await state('guest', { me, talk: talk({ stage: 'consulting', guest: true, second }) }, 'З вами радиться')
  await state('guest-three', { me, talk: talk({ stage: 'conference', guest: true, second }) }, 'веде: Петро')
  await state('offer-consult', { me: { ...me, activity: 'offered' }, offer: offer({ why: 'consult', by: 'Петро Прикладний' }) }, 'Колега просить поради')
  await state('offer-return', { me: { ...me, activity: 'offered' }, offer: offer({ why: 'return', note: 'Петро Прикладний: немає відповіді.' }) }, 'Дзвінок повертається')
  await state('offer-phone', { me: { ...me, device: 'phone', activity: 'offered' }, offer: offer({ why: 'transfer', by: 'Петро Прикладний' }) }, 'Підніміть слухавку')
  await state('parked', { me: { ...me, activity: 'idle' }, parked: parked() }, 'Припарковані дзвінки')
  await page.getByRole('button', { name: /Чим розмовляю/ }).click()
  await see('devices')
  await b.close()
}

/** What the list of targets asks the server for, by mouse and by keyboard; F9 and F8 in a consultation; who may not is not offered. */
async function picks() {
  const b = await browser()
  const page = await b.context.newPage()
  const h = await fake(page)
  h.view = view({ me: { activity: 'talking', devices: ['phone', 'browser'] }, talk: talk({ device: 'browser' }) })
  const asked = []
  page.on('request', (r) => r.url().includes('/api/desk/') && r.method() === 'POST' && asked.push(`${new URL(r.url()).pathname.slice(10)} ${r.postData() ?? ''}`.trim()))
  const wants = (text, want, f) =>
    report.step(`${text} → ${want}`, async () => {
      await f()
      for (let i = 0; i < 40 && asked.at(-1) !== want; i++) await page.waitForTimeout(50)
      if (asked.at(-1) !== want) throw new Error(`asked ${asked.join(', ') || 'nothing'}`)
      await page.waitForTimeout(100)
    })
  await page.goto(base)
  await page.getByLabel('Суть звернення').fill('пишу')
  await wants('F9, a name, Enter, Enter', 'consult {"kind":"agent","id":"petro"}', async () => {
    await page.keyboard.press('F9')
    await page.keyboard.type('петро')
    await page.keyboard.press('Enter')
    await page.waitForTimeout(100)
    await page.keyboard.press('Enter')
  })
  await wants('a topic', 'transfer {"kind":"queue","id":"social"}', async () => {
    await page.keyboard.press('F9')
    await page.getByRole('button', { name: 'Соціальні послуги' }).click()
    await page.getByRole('button', { name: 'Передати в чергу' }).click()
  })
  await wants('a department at once', 'transfer {"kind":"department","id":"+380441234567"}', async () => {
    await page.keyboard.press('F9')
    await page.getByRole('button', { name: /Відділ соціального захисту/ }).click()
    await page.getByRole('button', { name: 'Передати одразу' }).click()
  })
  await report.step('who is busy is not rung', async () => {
    await page.keyboard.press('F9')
    await page.getByRole('button', { name: /Іван Умовний/ }).click()
    await page.getByText('Зараз не відповість').waitFor()
    if (await page.getByRole('button', { name: 'Порадитися' }).count()) throw new Error('offered')
    await page.keyboard.press('Escape')
    await page.getByLabel('Ім’я, підрозділ або тема').waitFor({ state: 'detached' })
  })
  await wants('«Припаркувати»', 'park', () => page.getByRole('button', { name: 'Припаркувати' }).click())
  await wants('«На телефон»', 'move {"device":"phone"}', () => page.getByRole('button', { name: 'На телефон' }).click())
  h.push(view({ me: { activity: 'talking' }, talk: talk({ stage: 'consulting', second: { kind: 'agent', name: 'Петро', lost: false } }) }))
  await page.getByText('Порада: Петро').waitFor()
  await wants('«Разом утрьох»', 'conference', () => page.getByRole('button', { name: 'Разом утрьох' }).click())
  await wants('F8 in a consultation', 'return', () => page.keyboard.press('F8'))
  await wants('F9 in a consultation', 'complete', () => page.keyboard.press('F9'))
  h.push(view({ me: { activity: 'idle' }, parked: parked() }))
  await wants('«Узяти»', 'take {"slot":2}', () => page.getByRole('button', { name: 'Узяти дзвінок, місце 2' }).click())
  await wants('«на обох»', 'device {"device":"both"}', async () => {
    await page.getByRole('button', { name: /Чим розмовляю/ }).click()
    await page.getByRole('button', { name: 'на обох' }).click()
  })
  await b.close()
}

await transfers('light', 'light', { width: 1366, height: 768 })
await transfers('dark', 'dark', { width: 1366, height: 768 })
await transfers('phone-light', 'light', { width: 390, height: 844 })
await transfers('phone-dark', 'dark', { width: 390, height: 844 })
await picks()
stop()
console.log(`states of transfers: ${report.passed} passed, ${report.failures.length} failed`)
process.exit(report.failures.length ? 1 : 0)
