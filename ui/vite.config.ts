import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

// The build is reproducible: hashes come from content only, no maps, no banner, nothing of the machine.
export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2022',
    sourcemap: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: {
    proxy: {
      '/api': { target: process.env.DOVIDKA_URL ?? 'http://127.0.0.1:8080', ws: true },
      '/ca.crt': { target: process.env.DOVIDKA_URL ?? 'http://127.0.0.1:8080' },
    },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
})
