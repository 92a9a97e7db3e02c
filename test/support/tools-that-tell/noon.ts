import { z } from 'zod'
import { defineTool } from '../../../src/toolkit.ts'

/** Reads no chain. */
export default defineTool({
  name: 'noon',
  description: 'What time it is.',
  input: z.object({}),
  output: z.object({ hour: z.int() }),
  examples: [{ ask: 'what time is it?' }],
  execute: async () => ({ hour: 12 }),
  summary: ({ hour }) => `It is ${hour} o'clock.`,
})
