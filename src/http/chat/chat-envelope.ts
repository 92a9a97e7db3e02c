import type { ReplyHead } from './chat-reply.ts'

/** What a chat completion that is asked for again needs, beside its run. */
export type ChatEnvelope = {
  api: 'chat'
  head: ReplyHead
  trace: boolean
  metadata?: Readonly<Record<string, string>>
}

export function toReplyHead(runId: string, createdMs: number, model: string): ReplyHead {
  return { id: runId.replace(/^run_/, 'chatcmpl-'), created: Math.floor(createdMs / 1000), model }
}
