import type { Identity } from '../accounts/identity.ts'
import type { Usage } from '../messages.ts'

/** What the one log line of a request tells beyond its method, route and status. Handlers fill it as they learn. */
export type RequestNote = {
  caller?: string
  model?: string
  runId?: string
  /** The model has been heard: from here on a repeated request would repeat work. */
  runBegun?: boolean
  /** The answer is out as a whole, though the response has not ended. */
  isAnswered?: boolean
  /** A chat app asked for itself: a title, tags, … */
  hidden?: boolean
  metadata?: Readonly<Record<string, string>>
  usage?: Usage
  finish?: string
  error?: unknown
}

declare global {
  namespace Express {
    interface Locals {
      requestId: string
      note: RequestNote
      /** On routes that ask who calls. */
      identity?: Identity
    }
  }
}
