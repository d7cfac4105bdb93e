// What every browser story shares: Chromium as a real operator's, pictures, accessibility, and a plain file server for dist.
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const here = dirname(fileURLToPath(import.meta.url))
export const dist = join(here, '..', 'dist')
export const shots = process.env.SHOTS ?? join(here, '..', '..', 'shots')
const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

const flags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--lang=uk', '--disable-sync', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream',
]

/** A browser of its own with a new profile folder; close() removes the folder. */
export async function browser(options = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'dovidka-chromium-'))
  const context = await chromium.launchPersistentContext(dir, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    env: { ...process.env, LANGUAGE: 'uk' },
    args: flags,
    viewport: { width: 1366, height: 768 },
    locale: 'uk-UA',
    timezoneId: 'Europe/Kyiv',
    ignoreHTTPSErrors: true,
    permissions: ['microphone'],
    ...options,
  })
  context.setDefaultTimeout(10_000)
  return {
    context,
    close: async () => {
      await context.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Serves dist as the program does: an unknown path is the single page. Returns its base URL and a stop function. */
export async function serveDist() {
  const types = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html; charset=utf-8', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' }
  const server = createServer((req, res) => {
    const path = join(dist, decodeURIComponent(new URL(req.url, 'http://x').pathname))
    const file = path.startsWith(dist) && existsSync(path) && statSync(path).isFile() ? path : join(dist, 'index.html')
    res.setHeader('Content-Type', types[extname(file)] ?? 'application/octet-stream')
    createReadStream(file).pipe(res)
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  return { base: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() }
}

export class Report {
  failures = []
  passed = 0
  ok(cond, text) {
    if (cond) this.passed++
    else this.failures.push(text)
    console.log(`${cond ? 'ok  ' : 'FAIL'} ${text}`)
  }
  async step(text, f) {
    try {
      await f()
      this.ok(true, text)
    } catch (e) {
      this.ok(false, `${text}: ${String(e?.message ?? e).split('\n').slice(0, 4).join(' | ')}`)
    }
  }
}

/** axe on the page as it stands: any finding fails the story. */
export async function axe(page, report, name) {
  await page.evaluate(readFileSync(axePath, 'utf8')) // not a script tag: the page's own policy forbids those
  const found = await page.evaluate(async () => {
    const r = await window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
    return r.violations.map((v) => `${v.id}: ${v.help} [${v.nodes.slice(0, 3).map((n) => `${n.target.join(' ')} ${n.any[0]?.message ?? ''}`).join('; ')}]`)
  })
  report.ok(found.length === 0, `axe: ${name}${found.length ? ` – ${found.join(' || ')}` : ''}`)
}

export async function shot(page, name) {
  mkdirSync(shots, { recursive: true })
  await page.screenshot({ path: join(shots, `${name}.png`) })
}
