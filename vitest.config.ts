import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{src,test,tools,devchain,demo,scripts,bench}/**/*.test.ts'],
    globalSetup: ['test/support/database-server.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // The default second is short for a state of another process on a busy machine; where time is the point, a spec says so.
    expect: { poll: { timeout: 10_000 } },
    // No module keeps state, so files can share their imports: the suite takes two thirds of the time.
    isolate: false,
    // Most of the time they wait for processes, servers and timers.
    maxWorkers: 3,
  },
})
