// All browser stories: states over a fake API always; the running program when BASE_URL names one.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const run = (name) => spawnSync(process.execPath, [join(here, name)], { stdio: 'inherit' }).status === 0
let ok = run('states.mjs')
if (process.env.BASE_URL) ok = run('live.mjs') && ok
else console.log('live.mjs: BASE_URL is not set, the running program was not looked at')
process.exit(ok ? 0 : 1)
