import { z } from 'zod'

/** What OpenAI takes as the name of a tool or a format. */
export const ToolName = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[a-zA-Z0-9_-]+$/)
