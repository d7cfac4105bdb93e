// A call goes from one operator to another in real browsers over the running program: consultation, reload in the middle of it, a talk
// of three, the hand-over, a parked call, a refusal. BASE_URL and DOVIDKA_DEMO_PASSWORD as for live.mjs.
import { axe, browser, Report, shot } from './lib.mjs'
import { api, dial, flowing, signIn, spy, status } from './people.mjs'

const report = new Report()
const a = await browser()
const b = await browser()
const c = await browser({ viewport: { width: 390, height: 844 } })

async function desk(of, login) {
  const page = of.context.pages()[0] ?? (await of.context.newPage())
  await page.addInitScript(spy)
  page.on('pageerror', (e) => report.ok(false, `error on the desk of ${login}: ${e.message}`))
  await signIn(page, login)
  return page
}
const ready = async (page) => {
  await status(page, 'На лінії')
  await page.waitForFunction(async () => (await (await fetch('/api/desk')).json()).me.device_alive)
}
const stage = (page, name) => page.waitForFunction(async (n) => (await (await fetch('/api/desk')).json()).talk?.stage === n, name)
const see = async (page, name) => {
  await axe(page, report, `live ${name}`)
  await shot(page, `live-${name}`)
}

let olena, petro, citizen
await report.step('two operators sign in, one takes a call', async () => {
  olena = await desk(a, 'olena')
  await ready(olena)
  citizen = await dial(c)
  await citizen.keyboard.press('0')
  await olena.getByRole('button', { name: /Прийняти/ }).waitFor({ timeout: 30_000 })
  await olena.keyboard.press('F3')
  await olena.getByRole('button', { name: /Передати/ }).waitFor()
  petro = await desk(b, 'petro')
  await ready(petro)
  await olena.getByLabel('Суть звернення').fill('Питає про субсидію')
  await olena.getByText(/збережено \d/).waitFor()
})
await report.step('F9 → a name → Enter, Enter: the colleague is rung, the citizen waits', async () => {
  await olena.keyboard.press('F9')
  await olena.getByRole('button', { name: /Петро/ }).waitFor()
  await see(olena, 'transfer-list')
  await olena.keyboard.type('петро')
  await olena.keyboard.press('Enter')
  await olena.getByRole('button', { name: 'Порадитися' }).waitFor()
  await olena.keyboard.press('Enter')
  await olena.getByText(/Дзвонимо: Петро/).waitFor()
  await petro.getByText('Колега просить поради').last().waitFor()
  await see(petro, 'transfer-asked')
})
await report.step('they confer; a reload of either page ends nothing', async () => {
  await petro.keyboard.press('F3')
  await stage(olena, 'consulting')
  await see(olena, 'transfer-consulting')
  await flowing(petro, 'the colleague')
  for (const [page, who] of [[olena, 'olena'], [petro, 'petro']]) {
    await page.reload({ waitUntil: 'commit' })
    await stage(page, 'consulting')
    await flowing(page, `${who} after the reload`, 8000)
  }
  await flowing(citizen, 'the citizen')
})
await report.step('«Разом утрьох», then F9: the colleague has the call and the card', async () => {
  await olena.getByRole('button', { name: 'Разом утрьох' }).click()
  await petro.getByText(/Розмова втрьох/).first().waitFor()
  await see(olena, 'transfer-three')
  await flowing(citizen, 'the citizen among three')
  await olena.keyboard.press('F9')
  await stage(petro, 'talking')
  await olena.getByText('Допишіть картку').waitFor()
  await petro.waitForFunction(() => document.querySelector('#essence')?.value === 'Питає про субсидію')
  await flowing(petro, 'the heir')
  await flowing(citizen, 'the citizen with the heir')
  await olena.keyboard.press('Control+Enter')
})
await report.step('parked by one, taken by the other', async () => {
  await petro.getByRole('button', { name: 'Припаркувати' }).click()
  await olena.getByRole('button', { name: /Узяти дзвінок, місце 1/ }).waitFor()
  await see(olena, 'transfer-parked')
  await olena.getByRole('button', { name: /Узяти дзвінок, місце 1/ }).click()
  await stage(olena, 'talking')
  await flowing(olena, 'who took it')
  await petro.keyboard.press('Control+Enter')
})
await report.step('a blind transfer that is refused comes back with the reason', async () => {
  await olena.keyboard.press('F9')
  await olena.getByRole('button', { name: /Петро/ }).click()
  await olena.getByRole('button', { name: 'Передати одразу' }).click()
  await petro.getByText('Колега передає дзвінок').last().waitFor()
  await petro.getByRole('button', { name: 'Відхилити' }).click()
  await olena.getByText('Дзвінок повертається до вас').last().waitFor()
  await olena.getByText(/дзвінок відхилено/).waitFor()
  await see(olena, 'transfer-return')
  await olena.keyboard.press('F3')
  await stage(olena, 'talking')
  await flowing(citizen, 'the citizen, back')
})
await report.step('the story tells all of it', async () => {
  const call = (await api(olena, '/api/desk')).talk.call
  await citizen.getByRole('button', { name: 'Покласти слухавку' }).click()
  await olena.getByText('Допишіть картку').waitFor()
  await olena.waitForFunction(async (id) => (await (await fetch(`/api/calls/${id}`)).json()).open === false, call)
  await olena.goto(new URL(`/calls/${call}`, olena.url()).href)
  await olena.getByText(/Дзвінок передано після поради: Олена .* → Петро/).waitFor()
  await olena.getByText(/Дзвінок узято з паркування, місце 1/).waitFor()
  await see(olena, 'transfer-story')
  const story = await api(olena, `/api/calls/${call}`)
  if (story.record.outcome !== 'served' || story.record.hold_s < 1) throw new Error(JSON.stringify(story.record))
})
for (const x of [a, b, c]) await x.close()
console.log(`transfer: ${report.passed} passed, ${report.failures.length} failed`)
process.exit(report.failures.length ? 1 : 0)
