import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{src,test,tools,devchain,demo,scripts,bench}/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // No module keeps state, so files can share their imports: the suite takes two thirds of the time.
    isolate: false,
  },
})
