// All browser stories: states over a fake API always; the running program when BASE_URL names one (SIP and DOVIDKA, where given,
// let a caller from the telephone network in). Last line: «N passed, M failed»; the exit code says the same.
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
let passed = 0
let failed = 0

/** Runs one file of stories, shows what it says and adds up its last line. */
async function run(name) {
  const child = spawn(process.execPath, [join(here, name)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  child.stdout.on('data', (d) => {
    out += d
    process.stdout.write(d)
  })
  const code = await new Promise((done) => child.on('close', done))
  const sum = /(\d+) passed, (\d+) failed\s*$/.exec(out)
  passed += Number(sum?.[1] ?? 0)
  failed += Number(sum?.[2] ?? 1)
  if (code !== 0 && sum?.[2] === '0') failed++ // said well, ended badly
}

await run('states.mjs')
await run('states-transfer.mjs')
if (process.env.BASE_URL) {
  await run('live.mjs')
  await run('transfer.mjs')
} else console.log('live.mjs: BASE_URL is not set, the running program was not looked at')
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed ? 1 : 0)
