import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Each takes a fifth of the whole time or more: begun last, one of them would keep the other workers waiting at the end. */
const SLOW = ['test/demo.test.ts', 'test/chaos/chaos.test.ts']

/** Vitest knows what was slow only from a run before, which a new clone has not had. */
class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isSlow = ({ moduleId }: TestSpecification) => SLOW.some((path) => moduleId.endsWith(path))
    const sorted = await super.sort(files)
    return [...sorted.filter(isSlow), ...sorted.filter((file) => !isSlow(file))]
  }
}

export default defineConfig({
  test: {
    include: ['{src,test,tools,devchain,demo,scripts,bench}/**/*.test.ts'],
    globalSetup: ['test/support/database-server.ts'],
    sequence: { sequencer: SlowFirst },
    // Long, for a busy machine with a slow disk, as the default second is for a state of another process; where time is the point,
    // a spec says so.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 10_000 } },
    // No module keeps state, so files can share their imports: the suite takes two thirds of the time.
    isolate: false,
    // Most of the time they wait for processes, servers and timers.
    maxWorkers: 3,
  },
})
