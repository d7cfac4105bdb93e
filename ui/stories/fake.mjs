// The API as the pages see it, in one page's memory: for states that a real line brings only now and then (a lost network, a late
// message, a conflict). The whole-program stories (live.mjs) use the real server.
const at = (s) => new Date(Date.now() + s * 1000).toISOString()

export const services = [
  {
    id: 'passport-foreign-adult', name: 'Закордонний паспорт дорослому', category: 'documents', category_name: 'Документи',
    summary: 'Закордонний паспорт дорослому оформлюють на десять років. Потрібна особиста присутність: фото і відбитки роблять на місці.',
    documents: ['Паспорт громадянина України', 'Податковий номер', 'Попередній закордонний паспорт, якщо він є'],
    term: 'до 20 робочих днів; терміново – до 7', fee: '1 000 грн; терміново – 1 700 грн', where: 'ЦНАП, за електронною чергою', result: 'Паспорт',
    refusal_grounds: [], legal_basis: [], operator_hint: 'Нагадайте про запис в електронну чергу.', verified: false,
  },
  {
    id: 'passport-foreign-child', name: 'Закордонний паспорт дитині', category: 'documents', category_name: 'Документи',
    summary: 'Закордонний паспорт дитині оформлюють на чотири роки.', documents: ['Свідоцтво про народження'], term: 'до 20 робочих днів', fee: '1 000 грн',
    where: 'ЦНАП', result: '', refusal_grounds: [], legal_basis: [], operator_hint: '', verified: true,
  },
  {
    id: 'residence-declare', name: 'Декларування місця проживання онлайн', category: 'residence', category_name: 'Місце проживання',
    summary: 'Зареєструвати місце проживання можна через портал Дія.', documents: ['Паспорт у Дії'], term: 'до 1 робочого дня', fee: '49,92 грн',
    where: 'Портал Дія', result: '', refusal_grounds: [], legal_basis: [], operator_hint: '', verified: true,
  },
]

const record = (i, o) => ({
  call: `c${i}`, arrived: at(-600 * i), answered: at(-600 * i + 1), ended: at(-600 * i + 200), from: '+380671234567', from_display: '067 123 45 67',
  to: '0800353608', via: 'sip', outcome: 'served', outcome_text: '', path: ['Документи', 'Закордонний паспорт'], services: ['passport-foreign-adult'],
  service_names: ['Закордонний паспорт дорослому'], informed: true, asked: true, queued: true, agent: 'olena', agent_name: 'Олена Зразкова',
  wait_s: 100, time_to_person_s: 130, talk_s: 192, hold_s: 0, wrap_up_s: 20, card: '2026-01482', test: false, ...o,
})
export const calls = [
  record(1, { score: 4, solved: 'yes' }),
  record(2, { outcome: 'informed', agent: '', agent_name: '', queued: false, talk_s: 0, from: '+380500000002', from_display: '050 000 00 02', card: '' }),
  record(3, { outcome: 'abandoned_queue', agent: '', agent_name: '', talk_s: 0, wait_s: 48, from: '+380630000003', from_display: '063 000 00 03', card: '' }),
  record(4, { outcome: 'message_left', agent: '', agent_name: '', queued: false, talk_s: 0, card: '2026-01480' }),
  record(5, { outcome: 'abandoned_greeting', agent: '', agent_name: '', queued: false, talk_s: 0, path: [], services: [], service_names: [], card: '' }),
  record(6, { outcome: 'served', agent: 'petro', agent_name: 'Петро Прикладний', score: 2, solved: 'partly', talk_s: 305 }),
]

const fact = (seq, s, kind, text) => ({ seq, at: at(-700 + s), kind, text })
const story = {
  record: calls[0],
  facts: [
    fact(1, 0, 'arrived', 'Надійшов дзвінок на 0 800 35 36 08'), fact(2, 0.2, 'answered', 'Лінія відповіла.'), fact(3, 9, 'entered', 'Перехід у «Документи».'),
    fact(4, 15, 'pressed', 'Натиснуто 3 у меню «Документи».'), fact(5, 46, 'heard', 'Прозвучало: послуга «Закордонний паспорт дорослому», документи.'), fact(6, 50, 'asked', 'Запит на оператора клавішею 0.'),
    fact(7, 51, 'queued', 'Початок очікування в черзі, місце 1.'), fact(8, 60, 'offered', 'Дзвінок запропоновано: Петро (браузер).'), fact(9, 80, 'missed', 'Петро: немає відповіді.'),
    fact(10, 151, 'connected', 'З\'єднано: Олена. Очікування в черзі 1 хв 40 с.'), fact(11, 343, 'talk_ended', 'Розмову завершено (Олена): завершив громадянин.'), fact(12, 350, 'scored', 'Оцінка розмови: чудово.'),
    fact(13, 352, 'hung_up', 'Дзвінок завершено громадянином.'),
  ],
  card: null, survey: { score: 4, score_text: 'чудово', solved: 'yes', solved_text: 'так' }, message: null,
}

const message = (n, o) => ({
  number: `2026-0148${n}`, call: `c${n}`, box: 'messages', from: '+380671234567', from_display: '067 123 45 67', created: at(-7200), seconds: 34,
  due: at(86400), overdue: false, state: 'open', taken_by: '', taken_by_name: '', done_by: '', done_by_name: '', note: '', ...o,
})
const totals = {
  month: '', calls: 1482, tests: 3, outcomes: [], self_service: 610, self_service_share: 0.41, asked: 800, offered: 780, answered: 702, abandoned: 61,
  abandoned_short: 8, abandon_rate: 0.068, left_for_message: 17, messages: 21, target_s: 30, service_level: 0.78, service_level_20: 0.7, service_level_of_answered: 0.8,
  wait_s: 24, time_to_person_s: 60, talk: { count: 702, mean_s: 173, median_s: 150, p90_s: 400 }, hold: { count: 0, mean_s: 0, median_s: 0, p90_s: 0 },
  handling: { count: 702, mean_s: 200, median_s: 180, p90_s: 420 }, wrap_up: { count: 0, mean_s: 0, median_s: 0, p90_s: 0 },
  satisfaction: { answers: 214, excellent: 150, good: 40, acceptable: 14, terrible: 10, rate: 0.89, low: 0.84, high: 0.92, response_rate: 0.3, solved_yes: 180, solved_partly: 20, solved_no: 14 },
}
const centre = {
  name: 'Центр надання адміністративних послуг (демо)', short_name: 'ЦНАП (демо)', number: '0800353608', number_display: '0 800 35 36 08', address: 'вул. Зразкова, 1',
  open: true, hours_text: 'Понеділок–четвер 8:00–17:15, п’ятниця 8:00–16:00, перерва 12:00–13:00', citizen_call: true, demo: true, emergency: false, local_ca: true, version: 'x', now: at(0), https_port: 8443, inside: null,
}

const targets = {
  topics: [{ id: 'general', name: 'загальна черга' }, { id: 'documents', name: 'документи' }, { id: 'social', name: 'соціальні послуги' }],
  departments: [{ id: '+380441234567', name: 'Відділ соціального захисту', number: '044 123 45 67' }, { id: '+380441234568', name: 'Служба у справах дітей', number: '044 123 45 68' }],
}
export const team = [
  { login: 'petro', name: 'Петро Прикладний', status: 'ready', activity: 'idle', reason: '', free: true },
  { login: 'ivan', name: 'Іван Умовний', status: 'ready', activity: 'talking', reason: '', free: false },
  { login: 'maria', name: 'Марія Вигадана', status: 'break', activity: 'idle', reason: 'обід', free: false },
]
export const parked = () => [
  { slot: 1, call: 'c5', number_masked: '… 00 05', topic: '', service: '', by: 'petro', by_name: 'Петро Прикладний', since: at(-40), until: at(140) },
  { slot: 2, call: 'c6', number_masked: '', topic: '', service: '', by: 'ivan', by_name: 'Іван Умовний', since: at(-90), until: at(90) },
]

export const view = (o = {}) => ({
  me: { login: 'olena', name: 'Олена Зразкова', role: 'operator', status: 'ready', reason: '', activity: 'idle', since: at(-700), device: 'phone', device_alive: true, devices: ['phone'], ...o.me },
  offer: o.offer ?? null, talk: o.talk ?? null, wrapup: o.wrapup ?? null,
  queue: { waiting: 2, longest_s: 100, ready: 1, talking: 1 }, messages: { open: 3 }, strips: o.strips ?? [], team: o.team ?? team, parked: o.parked ?? [], today: { answered: 14, missed: 1, talk_s: 3120 }, open: true, now: at(0),
})
export const offer = (o = {}) => ({ call: 'c9', number_masked: '… 45 67', topic: 'Закордонний паспорт', service: 'passport-foreign-adult', path: ['Документи', 'Закордонний паспорт'], waited_s: 100, deadline: at(13), why: '', by: '', note: '', ...o })
export const talk = (o = {}) => ({ call: 'c9', number: '+380671234567', since: at(-192), held: false, muted: false, lost: false, waited_s: 100, path: ['Документи', 'Закордонний паспорт'], service: 'passport-foreign-adult', card: '2026-01482', stage: 'talking', guest: false, second: null, device: 'phone', moving: false, notice: '', ...o })
export const wrapup = () => ({ call: 'c9', until: at(24), card: '2026-01482' })

const talking = (n, o) => ({
  call: `t${n}`, agent: 'olena', agent_name: 'Олена Зразкова', number_masked: '+380…67', topic: 'documents', service: 'Закордонний паспорт дорослому', since: at(-192),
  held: false, lost: false, stage: 'talking', recording: '', supervised: '', by: '', ...o,
})
const agent = (login, name, o) => ({ login, name, status: 'ready', reason: '', activity: 'idle', since: at(-700), device: 'browser', device_alive: true, ...o })
export const board = (o = {}) => ({
  talks: [
    talking(1, { recording: 'on' }),
    talking(2, { agent: 'petro', agent_name: 'Петро Прикладний', number_masked: '', topic: 'social', service: '', since: at(-61), held: true, recording: 'refused' }),
    talking(3, { agent: 'iryna', agent_name: 'Ірина Вигадана-Довгопрізвищенко', topic: '', service: '', since: at(-3725), stage: 'conference', recording: 'paused', supervised: 'listen', by: 'Заступниця Зразкова' }),
  ],
  waiting: [
    { call: 'w1', number_masked: '+380…12', topic: 'documents', service: '', waited_s: 100, offered_to: 'Олена Зразкова' },
    { call: 'w2', number_masked: '', topic: '', service: 'Субсидія', waited_s: 12, offered_to: '' },
  ],
  mine: null,
  agents: [
    agent('olena', 'Олена Зразкова', { activity: 'talking', since: at(-192) }), agent('petro', 'Петро Прикладний', { activity: 'talking', since: at(-61) }),
    agent('iryna', 'Ірина Вигадана-Довгопрізвищенко', { activity: 'talking' }), agent('danylo', 'Данило Зразковий', { status: 'break', reason: 'обід' }),
    agent('maria', 'Марія Прикладна', { device_alive: false }), agent('oleh', 'Олег Вигаданий', { status: 'offline' }),
  ],
  now: at(0), ...o,
})
export const recordings = [
  { id: 'c1-1', started: at(-500), seconds: 185, going: false, play: true, manage: true },
  { id: 'c1-2', started: at(-300), seconds: 20, going: false, play: false, manage: false, deleted: at(-200), deleted_text: 'Керівник Зразковий, причина: заява громадянина' },
]
const trunkSettings = {
  enabled: true, register: true, server: '', proxy: '', transport: 'udp', login: '', auth_login: '', realm: '', expires_s: 120, peers: [], channels: 0, keepalive_s: 30,
  codecs: ['PCMA', 'PCMU'], dtmf: ['rfc4733', 'info'], session_timers: true, caller_id: '', format: '380', in: [], out: [], version: 0, title: '', template: 'binotel',
}
const trunk = (name, o) => ({ ...trunkSettings, name, has_password: true, caller: '', called: '', numbers: [], up: true, since: at(-7200), busy: 3, version: 1, login: '100200', server: 'sip.carrier.example', ...o })
const trunks = [
  trunk('binotel', { title: 'Основна лінія', channels: 30, in: [{ cut: '9', add: '0' }], peers: ['203.0.113.0/28'] }),
  trunk('static', { title: 'Запасна лінія', template: 'static', register: false, up: false, since: at(-600), busy: 0, called: 'Diversion', numbers: ['+380800353608'] }),
  trunk('zadarma', { title: 'Стара лінія', template: 'zadarma', enabled: false, since: undefined, busy: 0 }),
]
const templates = [
  { id: 'binotel', title: 'Binotel', hint: 'Адреса сервера, логін і пароль SIP — у кабінеті Binotel, налаштування SIP-лінії.', ask: ['server', 'login', 'password'], settings: trunkSettings },
  { id: 'zadarma', title: 'Zadarma', hint: 'SIP-логін і пароль — у кабінеті Zadarma.', ask: ['login', 'password'], settings: { ...trunkSettings, template: 'zadarma', server: 'sip.zadarma.com' } },
  { id: 'register', title: 'реєстрація', hint: 'Будь-який оператор зв’язку, що дав сервер, логін і пароль.', ask: ['server', 'login', 'password'], settings: { ...trunkSettings, template: 'register' } },
  { id: 'static', title: 'статична IP-адреса', hint: 'Оператор зв’язку знає адресу вашого сервера і дав IP-адресу свого.', ask: ['server'], settings: { ...trunkSettings, template: 'static', register: false } },
]
const health = (name) => ({
  name, up: name === 'binotel', since: at(-600), busy: 3,
  steps:
    name === 'binotel'
      ? [
          { what: 'Ім’я сервера', state: 'ok', say: 'sip.carrier.example — це 203.0.113.5:5060', todo: '' },
          { what: 'Порт відповідає', state: 'ok', say: 'UDP 203.0.113.5:5060 відповідає', todo: '' },
          { what: 'Реєстрація', state: 'ok', say: 'діє, поновимо не пізніше ніж через 74 с', todo: '' },
          { what: 'Перевірка зв’язку (OPTIONS)', state: 'ok', say: 'відповідає 200', todo: '' },
          { what: 'Перший дзвінок', state: 'wait', say: 'дзвінків ще не було', todo: 'Зателефонуйте на номер центру з мобільного.' },
        ]
      : [
          { what: 'Ім’я сервера', state: 'ok', say: 'sip.carrier.example — це 203.0.113.5:5060', todo: '' },
          { what: 'Порт відповідає', state: 'fail', say: 'UDP 203.0.113.5:5060 мовчить', todo: 'Перевірте адресу, порт і транспорт; чи пропускає мережевий екран SIP у обидва боки; чи внесено вашу IP-адресу в оператора зв’язку.' },
          { what: 'Реєстрація', state: 'skip', say: 'не потрібна: оператор зв’язку знає нашу адресу', todo: '' },
          { what: 'Перевірка зв’язку (OPTIONS)', state: 'wait', say: 'спершу попередній крок', todo: '' },
        ],
  ladder: [['REGISTER', true], ['401 Unauthorized', false], ['REGISTER', true], ['200 OK', false]].map(([text, out], i) => ({ at: at(-40 + i), out, text, seq: `${1 + (i >> 1)} REGISTER`, call: 'a1f4' })),
})
const inspection = {
  waiting: false, at: at(-5), from: '203.0.113.5', stranger: false,
  headers: [
    { name: 'Request-URI', value: 'sip:380441112233@198.51.100.7:5060', number: '+380441112233', display: '044 111 22 33' },
    { name: 'To', value: '<sip:380441112233@198.51.100.7>', number: '+380441112233', display: '044 111 22 33' },
    { name: 'From', value: '"Anonymous" <sip:gateway@203.0.113.5>;tag=as58f4201b', number: 'gateway', display: 'gateway' },
    { name: 'P-Asserted-Identity', value: '<sip:+380671234567@203.0.113.5>', number: '+380671234567', display: '067 123 45 67' },
    { name: 'Diversion', value: '<sip:0800353608@203.0.113.5>;reason=unconditional', number: '+380800353608', display: '0 800 35 36 08' },
  ],
}
const outgoing = {
  allowed: [
    { number: '+380442000001', display: '044 200 00 01', title: 'Відділ соціального захисту', by: 'Керівник Зразковий', at: at(-90000) },
    { number: '1545', display: '1545', title: 'Урядова гаряча лінія', by: 'Керівник Зразковий', at: at(-900000) },
  ],
  calls: [
    { at: at(-300), by: 'Олена Зразкова', reason: 'transfer', display: '044 200 00 01', title: 'Відділ соціального захисту', call: 'c1', refused: '', alarm: false, trunk: 'binotel', result: 'answered' },
    { at: at(-900), by: 'Петро Прикладний', reason: 'desk', display: '+48…67', title: '', call: '', refused: 'foreign', alarm: true, trunk: '', result: '' },
    { at: at(-1900), by: 'Олена Зразкова', reason: 'callback', display: '+380…67', title: '', call: 'c2', refused: '', alarm: false, trunk: 'binotel', result: 'busy' },
  ],
}

/** Puts the fake API under a page. Returns handles: push(view), card (what the server keeps), offline, conflict. */
export async function fake(page, { role = 'operator', signedIn = true } = {}) {
  const h = { view: view(), card: null, socket: null, saves: 0, down: false, signedIn, phone: null, citizen: null, empty: false, board: board(), supervised: [], recordings: [], refuses: '' }
  h.card = {
    number: '2026-01482', call: 'c9', created: at(-200), updated: at(-200), agent: 'olena', agent_name: 'Олена', from: '+380671234567', from_display: '067 123 45 67', topic: '', path: [], waited_s: 100,
    essence: '', answer: '', services: ['passport-foreign-adult'], result: '', kind: '', version: 1,
  }
  story.card = { ...h.card, essence: 'Які документи потрібні на закордонний паспорт', answer: 'Назвала перелік, строк і вартість', result: 'answered' }
  h.push = (v) => {
    h.view = v
    h.socket?.send(JSON.stringify(v))
  }
  const who = { login: role === 'head' ? 'kerivnyk' : 'olena', name: role === 'head' ? 'Керівник Зразковий' : 'Олена Зразкова', role }
  await page.routeWebSocket('**/api/live', (ws) => {
    if (h.down) return ws.close()
    h.socket = ws
    ws.send(JSON.stringify({ ...h.view, now: at(0), me: { ...h.view.me, role } }))
  })
  await page.routeWebSocket('**/api/phone', (ws) => (h.phone = ws))
  await page.routeWebSocket('**/api/citizen', (ws) => {
    h.citizen = ws
    ws.onMessage((m) => {
      if (JSON.parse(m).type !== 'call') return
      ws.send(JSON.stringify({ type: 'state', state: 'talking' }))
      ws.send(JSON.stringify({ type: 'text', text: 'Вітаємо! Ви зателефонували до Центру надання адміністративних послуг. Документи – один. Місце проживання – два.' }))
    })
  })
  await page.route('**/api/**', (route) => {
    const req = route.request()
    const url = new URL(req.url())
    const path = url.pathname.slice(5)
    const json = (body, status = 200) => route.fulfill({ status, contentType: 'application/json', body: JSON.stringify(body) })
    if (h.down) return route.abort('internetdisconnected')
    if (path === 'status') return json(centre)
    if (path === 'session') {
      if (req.method() === 'POST') {
        if (req.postDataJSON().password !== 'secret') return json({ status: 403, detail: 'no' }, 403)
        h.signedIn = true
      }
      return h.signedIn ? json(who) : json({ status: 401, detail: 'Увійдіть.' }, 401)
    }
    if (path.startsWith('cards/')) {
      if (req.method() !== 'PUT') return json(h.card)
      const e = req.postDataJSON()
      if (e.version !== h.card.version) return json({ status: 409 }, 409)
      h.card = { ...h.card, ...e, version: h.card.version + 1 }
      h.saves++
      return json(h.card)
    }
    if (path === 'board') return json(h.board)
    if (path === 'board/supervise') {
      const { call, mode, device } = req.postDataJSON()
      h.supervised.push(`${mode} ${call} ${device}`)
      if (h.refuses) return json({ status: 409, detail: h.refuses }, 409)
      h.board = board({ mine: { call, mode, device, hears: device === 'browser' || h.board.mine?.hears === true, since: at(-5) } })
      return json(h.board)
    }
    if (path === 'board/leave') return json((h.board = board()))
    if (path.startsWith('recordings/')) {
      h.deleted = req.postDataJSON().reason
      return route.fulfill({ status: 204 })
    }
    if (path === 'desk/targets') return json(targets)
    if (path === 'services') {
      const q = url.searchParams.get('q') ?? ''
      return json(services.filter((s) => s.name.toLowerCase().includes(q.toLowerCase())))
    }
    if (path === 'calls' || path === 'desk/today') return json({ calls: h.empty ? [] : calls.filter((c) => (!url.searchParams.get('outcome') || c.outcome === url.searchParams.get('outcome')) && (!url.searchParams.get('metric') || c.outcome === url.searchParams.get('metric'))), next: '' })
    if (path.startsWith('calls/')) return json({ ...story, recordings: h.recordings })
    if (path === 'cards')
      return json(h.empty ? [] : [
        { number: '2026-01479', call: 'c7', created: at(-5400), from_display: '050 000 00 07', essence: 'Питала про субсидію, чекає на уточнення переліку довідок' },
        { number: '2026-01471', call: 'c6', created: at(-90000), from_display: '063 000 00 06', essence: '' },
      ])
    if (path === 'trunks') {
      if (req.method() !== 'POST') return json({ trunks: h.empty ? [] : trunks, templates })
      const e = req.postDataJSON()
      if (!e.server) return json({ status: 422, detail: 'Вкажіть сервер оператора зв’язку: його ім’я або IP-адресу.' }, 422)
      return json(trunk('binotel', { ...e, name: 'binotel', password: undefined }))
    }
    if (path.startsWith('trunks/')) {
      const [, name, act] = path.split('/')
      if (act === 'health' || act === 'try') return json(health(name))
      if (act === 'inspect') return json(req.method() === 'POST' ? { waiting: true, from: '', stranger: false, headers: [] } : inspection)
      if (act === 'learn') return json({ ...trunks[0], called: req.method() === 'POST' ? req.postDataJSON().header : '', numbers: ['+380800353608'], version: 1 })
      return json(trunks.find((t) => t.name === name))
    }
    if (path.startsWith('outgoing')) return json(h.empty ? { allowed: [], calls: [] } : outgoing)
    if (path === 'totals') return json({ ...totals, month: url.searchParams.get('month') })
    if (path === 'messages')
      return json({ messages: h.empty ? [] : [message(3, { due: at(-3600), overdue: true }), message(4, { taken_by: 'petro', taken_by_name: 'Петро Прикладний', due: at(1800) }), message(5, { box: 'proposals', from: '', from_display: '' })], open: 3 })
    if (path.startsWith('messages/')) return json(message(3, { state: path.endsWith('done') ? 'done' : 'taken', taken_by: 'olena', taken_by_name: 'Олена' }))
    return json(h.view)
  })
  return h
}
