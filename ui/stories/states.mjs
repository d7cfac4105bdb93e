// Every page and state over a fake API: pictures light and dark, axe, keys, the card's honesty about what was kept.
import { axe, browser, Report, serveDist, shot } from './lib.mjs'
import { board, fake, offer, recordings, talk, view, wrapup } from './fake.mjs'

const report = new Report()
const { base, stop } = await serveDist()

async function pages(look, scheme, viewport) {
  const b = await browser({ colorScheme: scheme, viewport })
  const page = await b.context.newPage()
  page.on('pageerror', (e) => report.ok(false, `${look}: error on the page: ${e.message}`))
  const h = await fake(page, { signedIn: false })
  const see = async (name) => {
    await page.waitForTimeout(look === 'light' && name === 'desk-break' ? 2500 : 250)
    await shot(page, `${name}-${look}`)
    await axe(page, report, `${name} ${look}`)
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    report.ok(wide <= 0, `${name} ${look}: nothing wider than the screen (${wide})`)
  }
  await page.goto(base)
  await page.getByLabel('Логін').waitFor()
  await see('sign-in')
  await page.getByLabel('Логін').fill('olena')
  await page.getByLabel('Пароль', { exact: true }).fill('wrong')
  await page.keyboard.press('Enter')
  await page.getByText('Логін або пароль не підходять').waitFor()
  await see('sign-in-wrong')
  await page.getByLabel('Пароль', { exact: true }).fill('secret')
  await page.keyboard.press('Enter')
  await page.getByText('Мої дзвінки сьогодні').waitFor()
  await see('desk-idle')
  h.push(view({ me: { status: 'break', reason: 'обід' }, strips: [{ kind: 'alarm', text: 'Повітряна тривога. Розмови тривають.' }] }))
  await see('desk-break')
  await page.getByRole('button', { name: /Мій статус/ }).click()
  await see('desk-status-menu')
  await page.keyboard.press('Escape')
  h.push(view({ me: { activity: 'offered' }, offer: offer() }))
  await page.getByRole('button', { name: /Прийняти/ }).waitFor()
  await see('desk-offered')
  h.push(view({ me: { activity: 'talking' }, talk: talk() }))
  await page.getByLabel('Суть звернення').waitFor()
  await page.getByLabel('Суть звернення').fill('Питає, які документи потрібні на закордонний паспорт')
  await page.getByText('збережено').waitFor()
  await see('desk-talking')
  await page.getByRole('button', { name: 'Клавіші', exact: true }).click()
  h.push(view({ me: { activity: 'talking' }, talk: talk({ held: true, muted: true }) }))
  await see('desk-held')
  await page.keyboard.press('Control+/')
  await see('desk-keys')
  await page.keyboard.press('Escape')
  h.push(view({ me: { activity: 'wrapup' }, wrapup: wrapup() }))
  await page.getByRole('button', { name: /Готово/ }).first().waitFor()
  await see('desk-wrapup')
  h.push(view({ me: { activity: 'talking' }, talk: talk() }))
  for (const [name, link] of [['journal', 'Дзвінки'], ['messages', 'Повідомлення'], ['services', 'Послуги']]) {
    await page.getByRole('navigation').getByRole('link', { name: link }).click()
    await page.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' })
    await see(name)
  }
  await page.getByRole('button', { name: 'Закордонний паспорт дорослому' }).click()
  await see('services-open')
  await page.goto(`${base}/calls/c1`)
  await page.getByText('Хід дзвінка').waitFor()
  await see('story')
  h.empty = true
  for (const [name, path] of [['messages-empty', '/messages'], ['journal-empty', '/calls']]) {
    await page.goto(base + path)
    await page.locator('.empty').first().waitFor()
    await see(name)
  }
  await page.goto(`${base}/call`)
  await page.getByRole('button', { name: 'Подзвонити', exact: true }).waitFor()
  await see('citizen')
  await page.getByRole('button', { name: 'Слухати без мікрофона' }).click()
  await page.getByText('Вітаємо!').waitFor()
  await see('citizen-talking')
  await page.getByRole('button', { name: 'Покласти слухавку' }).click()
  await see('citizen-ended')
  await b.close()
}

/** The card keeps what was written: a lost network, a reload, a second window. */
async function keeps() {
  const b = await browser()
  const page = await b.context.newPage()
  const h = await fake(page)
  h.view = view({ me: { activity: 'talking' }, talk: talk() })
  await page.goto(base)
  const essence = page.getByLabel('Суть звернення')
  await report.step('the card saves itself and says when', async () => {
    await essence.fill('перше')
    await page.getByText(/збережено \d\d:\d\d:\d\d/).waitFor()
    if (h.card.essence !== 'перше') throw new Error(`server has «${h.card.essence}»`)
  })
  await report.step('a lost network: says so, keeps the text, sends it later', async () => {
    h.down = true
    await essence.fill('друге')
    await page.getByText('текст збережено в цьому браузері').waitFor()
    await shot(page, 'desk-card-offline')
    h.down = false
    await page.getByText(/^\s*збережено/).waitFor()
    if (h.card.essence !== 'друге') throw new Error(`server has «${h.card.essence}»`)
  })
  await report.step('a reload without network brings the text back', async () => {
    h.down = true
    await essence.fill('третє')
    await page.getByText('текст збережено в цьому браузері').waitFor()
    h.down = false
    h.card = { ...h.card, answer: 'з іншого вікна', version: h.card.version + 1 }
    await page.reload()
    await page.waitForFunction(() => document.querySelector('#essence')?.value === 'третє' && document.querySelector('#answer')?.value === 'з іншого вікна')
  })
  await report.step('two windows: my text stays, the other is shown', async () => {
    await page.getByText(/^\s*збережено/).waitFor()
    h.card = { ...h.card, essence: 'чуже', version: h.card.version + 1 }
    await essence.fill('моє')
    await page.getByText('Інша редакція:').waitFor()
    await shot(page, 'desk-card-conflict')
    await axe(page, report, 'card conflict')
    if ((await essence.inputValue()) !== 'моє') throw new Error('my text is gone')
    await page.getByRole('button', { name: 'Взяти її' }).click()
    await page.waitForFunction(() => document.querySelector('#essence')?.value === 'чуже')
  })
  await report.step('stale data are said', async () => {
    h.down = true
    await h.socket.close()
    await page.getByText('Дані застаріли').waitFor()
    await shot(page, 'desk-stale')
    await axe(page, report, 'desk stale')
    h.down = false
    await page.getByText('Дані застаріли').waitFor({ state: 'detached' })
  })
  await b.close()
}

/** At 1366×768 the desk fits the window in every state, and the first strip that comes moves nothing. */
async function still() {
  const b = await browser()
  const page = await b.context.newPage()
  const h = await fake(page)
  const idle = view()
  await page.goto(base)
  await page.getByText('Незавершені картки').waitFor()
  const strip = [{ kind: 'alarm', text: 'Повітряна тривога. Розмови тривають.' }]
  const where = () => page.evaluate(() => [document.querySelector('section.call').getBoundingClientRect().top, document.documentElement.scrollHeight - innerHeight])
  const states = { idle: {}, offered: { me: { activity: 'offered' }, offer: offer() }, talking: { me: { activity: 'talking' }, talk: talk() }, wrapup: { me: { activity: 'wrapup' }, wrapup: wrapup() } }
  const first = await where()
  for (const [name, state] of Object.entries(states))
    for (const strips of [[], strip]) {
      h.push(view({ ...state, strips }))
      if (strips.length) await page.getByText('Повітряна тривога').waitFor()
      else await page.getByText('Повітряна тривога').waitFor({ state: 'detached' })
      const [top, over] = await where()
      report.ok(top === first[0] && over <= 0, `desk ${name}, ${strips.length} strips: nothing moved (${top - first[0]} px), nothing to scroll (${over} px)`)
    }
  h.push(idle)
  await report.step('an unfinished card opens in the centre', async () => {
    await page.getByRole('button', { name: /№ 2026-01479/ }).click()
    await page.getByLabel('Суть звернення').waitFor()
  })
  await report.step('the kind of the appeal is chosen and saved', async () => {
    await page.getByLabel('Вид звернення').selectOption({ label: 'скарга' })
    await page.getByText(/збережено \d/).waitFor()
    if (h.card.kind !== 'complaint') throw new Error(`the server has «${h.card.kind}»`)
  })
  await report.step('a figure opens the calls behind it', async () => {
    await page.getByRole('link', { name: 'Дзвінки', exact: true }).click()
    await page.getByRole('button', { name: /^Відповів оператор/ }).click()
    await page.getByText('показано 2 дзвінки').waitFor()
    if (!page.url().includes('metric=served')) throw new Error(page.url())
    await shot(page, 'journal-figure')
    await page.getByRole('button', { name: /Прибрати показник/ }).click()
    await page.getByText('показано 6 дзвінків').waitFor()
  })
  await b.close()
}

/** F3, F4 and F8 do their work while the operator types. */
async function keys() {
  const b = await browser()
  const page = await b.context.newPage()
  const h = await fake(page)
  h.view = view({ me: { activity: 'talking' }, talk: talk() })
  const asked = []
  page.on('request', (r) => r.url().includes('/api/desk/') && r.method() === 'POST' && asked.push(new URL(r.url()).pathname.slice(10)))
  await page.goto(base)
  await page.getByLabel('Суть звернення').fill('пишу')
  const press = (key, path) =>
    report.step(`${key} → ${path}`, async () => {
      await page.keyboard.press(key)
      for (let i = 0; i < 40 && asked.at(-1) !== path; i++) await page.waitForTimeout(50)
      if (asked.at(-1) !== path) throw new Error(`asked ${asked.join(', ') || 'nothing'}`)
      await page.waitForTimeout(100)
    })
  await press('F8', 'hold')
  await press('F4', 'hangup')
  h.push(view({ me: { activity: 'offered' }, offer: offer() }))
  await page.getByRole('button', { name: /Прийняти/ }).waitFor()
  await press('F3', 'answer')
  h.push(view({ me: { activity: 'wrapup' }, wrapup: wrapup() }))
  await page.getByRole('button', { name: /Готово/ }).first().waitFor()
  await press('Control+Enter', 'wrapup-done')
  await b.close()
}

/** The largest text: nothing is cut off or pushed out of the screen; the choice outlives a reload. */
async function sizes() {
  const b = await browser()
  const page = await b.context.newPage()
  const h = await fake(page)
  h.view = view({ me: { activity: 'talking', device: 'phone' }, talk: talk() })
  await page.goto(base)
  await page.getByRole('button', { name: /Налаштування і вихід/ }).click()
  await page.getByRole('button', { name: '130 %' }).click()
  await page.getByRole('button', { name: 'Темні' }).click()
  await shot(page, 'desk-settings-130')
  await page.reload()
  await page.getByLabel('Суть звернення').waitFor()
  await page.getByRole('button', { name: /Чим розмовляю/ }).click()
  await page.waitForTimeout(300)
  await shot(page, 'desk-device-130')
  await axe(page, report, 'text 130 %, device menu')
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  report.ok(wide <= 0, `text 130 %: nothing wider than the screen (${wide})`)
  await b.close()
}

/** The head: what goes on now, listening, the recordings of a call; and what the operator sees of both. */
async function head(look, scheme, viewport) {
  const b = await browser({ colorScheme: scheme, viewport })
  const page = await b.context.newPage()
  page.on('pageerror', (e) => report.ok(false, `head ${look}: error on the page: ${e.message}`))
  const h = await fake(page, { role: 'head' })
  const see = async (name) => {
    await page.waitForTimeout(250)
    await shot(page, `${name}-${look}`)
    await axe(page, report, `${name} ${look}`)
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    report.ok(wide <= 0, `${name} ${look}: nothing wider than the screen (${wide})`)
  }
  await page.goto(`${base}/now`)
  await page.getByText('Олена Зразкова').first().waitFor()
  await see('now')
  await page.getByLabel('Чим слухаю').selectOption('phone')
  await report.step(`${look}: «Слухати» by the desk phone, then «Підказати»; another page keeps the bar; «Більше не слухати»`, async () => {
    await page.getByRole('button', { name: 'Слухати: Олена Зразкова' }).click()
    await page.getByText('Ваш телефон дзвонить').waitFor()
    await see('now-ringing')
    h.board = board({ mine: { call: 't1', mode: 'listen', device: 'phone', hears: true, since: h.board.now } })
    h.push(view({ me: { role: 'head' } }))
    await page.getByText('Ви слухаєте. Вас не чує ніхто.').first().waitFor()
    await see('now-listening')
    await page.getByRole('button', { name: 'Підказати', exact: true }).click()
    await page.getByText('Вас чує лише оператор.').waitFor()
    await page.getByRole('navigation').getByRole('link', { name: 'Дзвінки' }).click()
    await page.getByText('Підсумки').waitFor()
    if (!(await page.getByRole('button', { name: 'Більше не слухати' }).isVisible())) throw new Error('no way out on another page')
    await page.getByRole('button', { name: 'Більше не слухати' }).click()
    await page.getByRole('button', { name: 'Більше не слухати' }).waitFor({ state: 'detached' })
    const asked = h.supervised.join(', ')
    if (asked !== 'listen t1 phone, whisper t1 phone') throw new Error(asked)
  })
  await report.step(`${look}: a refusal is said; who is listened to by another cannot be`, async () => {
    await page.goto(`${base}/now`)
    await page.getByLabel('Чим слухаю').selectOption('phone')
    h.refuses = 'Цієї розмови вже немає.'
    await page.getByRole('button', { name: 'Втрутитися: Петро Прикладний' }).click()
    await page.getByText('Цієї розмови вже немає.').waitFor()
    if (!(await page.getByRole('button', { name: 'Слухати: Ірина' }).isDisabled())) throw new Error('two heads in one talk')
  })
  h.board = board({ talks: [], waiting: [], agents: [] })
  await page.goto(`${base}/now`)
  await page.getByText('Зараз ніхто не розмовляє').waitFor()
  await see('now-empty')
  h.recordings = recordings
  await page.goto(`${base}/calls/c1`)
  await page.getByRole('heading', { name: 'Запис розмови' }).waitFor()
  await page.getByRole('button', { name: 'Видалити звук…' }).click()
  await see('story-recording')
  await report.step(`${look}: a recording is deleted only with a reason`, async () => {
    await page.getByLabel('Чому видаляємо').fill('заява громадянина')
    await page.getByRole('button', { name: 'Видалити назавжди' }).click()
    for (let i = 0; i < 40 && !h.deleted; i++) await page.waitForTimeout(50)
    if (h.deleted !== 'заява громадянина') throw new Error(`the server has «${h.deleted}»`)
  })
  await b.close()
  const o = await browser({ colorScheme: scheme, viewport })
  const desk = await o.context.newPage()
  const d = await fake(desk)
  d.view = view({ me: { activity: 'talking' }, talk: talk({ recording: 'on', supervised: 'listen' }) })
  await desk.goto(base)
  await desk.getByText('Керівник слухає розмову').waitFor()
  await shot(desk, `desk-supervised-${look}`)
  await axe(desk, report, `desk supervised ${look}`)
  await report.step(`${look}: the operator pauses the recording`, async () => {
    const asked = desk.waitForRequest((r) => r.url().endsWith('/api/desk/recording'))
    await desk.getByRole('button', { name: 'Призупинити запис' }).click()
    if ((await asked).postDataJSON().on !== false) throw new Error('asked to go on')
    d.push(view({ me: { activity: 'talking' }, talk: talk({ recording: 'paused', supervised: 'barge' }) }))
    await desk.getByRole('button', { name: 'Продовжити запис' }).waitFor()
    await desk.getByText('його чують усі').waitFor()
  })
  await desk.goto(`${base}/now`)
  await desk.getByText('Такої сторінки немає').waitFor()
  report.ok((await desk.getByRole('link', { name: 'Зараз' }).count()) === 0, `${look}: an operator has no page «Зараз»`)
  await o.close()
}

await head('light', 'light', { width: 1366, height: 768 })
await head('dark', 'dark', { width: 1366, height: 768 })
await head('phone-light', 'light', { width: 390, height: 844 })
await head('phone-dark', 'dark', { width: 390, height: 844 })
await pages('light', 'light', { width: 1366, height: 768 })
await pages('dark', 'dark', { width: 1366, height: 768 })
await pages('phone-light', 'light', { width: 390, height: 844 })
await pages('phone-dark', 'dark', { width: 390, height: 844 })
await keeps()
await still()
await keys()
await sizes()
stop()
console.log(`states: ${report.passed} passed, ${report.failures.length} failed`)
process.exit(report.failures.length ? 1 : 0)
