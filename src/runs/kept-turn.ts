import type { BlockRef } from '../chain/chain-session.ts'
import type { AssistantMessage, Message, ToolMessage } from '../messages.ts'
import type { Keep } from './keep.ts'

/**
 * What a run added to the conversation before it handed calls to its caller. The caller never sees it, so it is kept until
 * they come back with the results.
 */
export type KeptTurn = {
  /** From the first step to the assistant message with the caller's calls and the results of the gateway's own in it. */
  messages: readonly Message[]
  /** The blocks its figures were read at. */
  blocks: readonly KeptBlock[]
  keptAtMs: number
}

type KeptBlock = Omit<BlockRef, 'number'> & { number: string }

export type KeptTurns = Pick<Keep<KeptTurn>, 'get' | 'set'>

/** Nodes forget the state of old blocks, some within minutes; from then on a question is read anew. */
const SAME_BLOCK_MS = 60_000

/** @param turn.messages - what the run added; its last assistant message holds the calls in `callIds`. */
export async function keepTurn(
  turns: KeptTurns,
  turn: {
    caller: string
    callIds: readonly string[]
    messages: readonly Message[]
    blocks: readonly BlockRef[]
    nowMs: number
  },
): Promise<void> {
  const blocks = turn.blocks.map((block) => ({ ...block, number: String(block.number) }))
  await turns.set(turn.caller, toId(turn.callIds), { messages: turn.messages, blocks, keptAtMs: turn.nowMs })
}

/**
 * The conversation with what earlier runs of this turn kept put back in its place, and the blocks they read, where they are
 * recent. A turn that is not found stays as the caller tells it: the model can ask its tools again.
 */
export async function restoreTurns(
  turns: KeptTurns,
  { caller, messages, nowMs }: { caller: string; messages: readonly Message[]; nowMs: number },
): Promise<{ messages: readonly Message[]; blocks: readonly BlockRef[] }> {
  const question = messages.findLastIndex(({ role }) => role === 'user')
  if (question === messages.length - 1) return { messages, blocks: [] }
  const restored: Message[] = [...messages.slice(0, question + 1)]
  const blocks = new Map<string, BlockRef>()
  for (let at = question + 1; at < messages.length; ) {
    const message = messages[at] as Message
    const results = resultsAfter(messages, at)
    const turn = await findTurn(turns, caller, message)
    restored.push(...(turn === undefined ? [message, ...results] : mergeResults(turn.messages, results)))
    if (turn !== undefined && nowMs - turn.keptAtMs <= SAME_BLOCK_MS) {
      for (const block of turn.blocks) blocks.set(block.chain, { ...block, number: BigInt(block.number) })
    }
    at += 1 + results.length
  }
  return { messages: restored, blocks: [...blocks.values()] }
}

async function findTurn(turns: KeptTurns, caller: string, message: Message): Promise<KeptTurn | undefined> {
  if (message.role !== 'assistant' || message.toolCalls.length === 0) return undefined
  return turns.get(caller, toId(message.toolCalls.map(({ id }) => id)))
}

const toId = (callIds: readonly string[]) => callIds.toSorted().join(' ')

function resultsAfter(messages: readonly Message[], at: number): readonly ToolMessage[] {
  const rest = messages.slice(at + 1)
  const end = rest.findIndex(({ role }) => role !== 'tool')
  return (end === -1 ? rest : rest.slice(0, end)) as ToolMessage[]
}

/** Puts the caller's results between those that were kept, in call order. */
function mergeResults(kept: readonly Message[], results: readonly ToolMessage[]): readonly Message[] {
  const at = kept.findLastIndex(({ role }) => role === 'assistant')
  const { toolCalls } = kept[at] as AssistantMessage
  const known = [...(kept.slice(at + 1) as ToolMessage[]), ...results]
  return [...kept.slice(0, at + 1), ...toolCalls.flatMap(({ id }) => known.find(({ callId }) => callId === id) ?? [])]
}
