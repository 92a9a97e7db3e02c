import type { BlockRef } from '../chain/chain-session.ts'
import type { AssistantMessage, Message } from '../messages.ts'
import type { Keep } from './keep.ts'

/**
 * What a run added to the conversation before it handed calls to its caller. The caller never sees it, so it is kept until
 * they come back with the results.
 */
export type KeptTurn = {
  /** The calls that were handed over. */
  callIds: readonly string[]
  /** From the first step to the assistant message with the caller's calls and the results of the gateway's own in it. */
  messages: readonly Message[]
  /** The blocks its figures were read at. */
  blocks: readonly KeptBlock[]
  keptAtMs: number
}

type KeptBlock = Omit<BlockRef, 'number'> & { number: string }

/** By the id of each call that was handed over: the turn with the first, its place with the others. */
export type KeptTurns = Pick<Keep<KeptTurn | { at: string }>, 'get' | 'set'>

/** Nodes forget the state of old blocks, some within minutes; from then on a question is read anew. */
const SAME_BLOCK_MS = 60_000

/** @param turn.messages - what the run added; its last assistant message holds the calls in `callIds`. */
export async function keepTurn(
  turns: KeptTurns,
  {
    caller,
    callIds,
    messages,
    blocks,
    nowMs,
  }: {
    caller: string
    callIds: readonly string[]
    messages: readonly Message[]
    blocks: readonly BlockRef[]
    nowMs: number
  },
): Promise<void> {
  const [first = '', ...others] = callIds
  const keptBlocks = blocks.map((block) => ({ ...block, number: String(block.number) }))
  await turns.set(caller, first, { callIds, messages, blocks: keptBlocks, keptAtMs: nowMs })
  for (const id of others) await turns.set(caller, id, { at: first })
}

/**
 * The conversation with what earlier runs of this turn kept put back in its place, and the blocks they read in the order
 * of the runs, where they are recent. A turn that is not found stays as the caller tells it: the model can ask its tools again.
 */
export async function restoreTurns(
  turns: KeptTurns,
  { caller, messages, nowMs }: { caller: string; messages: readonly Message[]; nowMs: number },
): Promise<{ messages: readonly Message[]; blocks: readonly BlockRef[] }> {
  // An assistant's message without calls ends a turn; what the user says meanwhile does not.
  const start = messages.findLastIndex((message) => message.role === 'assistant' && message.toolCalls.length === 0) + 1
  const restored: Message[] = [...messages.slice(0, start)]
  const used = new Set<string>()
  const blocks: BlockRef[] = []
  for (let at = start; at < messages.length; ) {
    const message = messages[at] as Message
    const turn = await findTurn(turns, caller, message)
    if (turn === undefined || used.has(turn.callIds.join())) {
      restored.push(message)
      at++
      continue
    }
    used.add(turn.callIds.join())
    const told = exchangeAt(messages, at, new Set(turn.callIds))
    restored.push(...mergeExchange(turn.messages, told))
    at += told.length
    if (nowMs - turn.keptAtMs > SAME_BLOCK_MS) continue
    blocks.push(...turn.blocks.map((block) => ({ ...block, number: BigInt(block.number) })))
  }
  return { messages: restored, blocks }
}

/** A message that makes other calls too is not ours to complete. */
async function findTurn(turns: KeptTurns, caller: string, message: Message): Promise<KeptTurn | undefined> {
  const calls = message.role === 'assistant' ? message.toolCalls : []
  const kept = calls[0] && (await turns.get(caller, calls[0].id))
  const turn = kept && 'at' in kept ? await turns.get(caller, kept.at) : kept
  if (turn === undefined || 'at' in turn) return undefined
  return calls.every(({ id }) => turn.callIds.includes(id)) ? turn : undefined
}

/** The messages from `from` on that make and answer the calls of one turn. Some agents tell each call in a message of its own. */
function exchangeAt(messages: readonly Message[], from: number, callIds: ReadonlySet<string>): readonly Message[] {
  const isPart = (message: Message) => {
    if (message.role === 'tool') return callIds.has(message.callId)
    if (message.role !== 'assistant' || message.toolCalls.length === 0) return false
    return message.toolCalls.every(({ id }) => callIds.has(id))
  }
  const end = messages.findIndex((message, at) => at >= from && !isPart(message))
  return messages.slice(from, end === -1 ? undefined : end)
}

/**
 * Puts what the caller tells, its own calls and their results, between what was kept, in call order. A call it does not tell
 * was never made.
 */
function mergeExchange(kept: readonly Message[], told: readonly Message[]): readonly Message[] {
  const at = kept.findLastIndex(({ role }) => role === 'assistant')
  const last = kept[at] as AssistantMessage
  const results = [...kept.slice(at + 1), ...told].filter((message) => message.role === 'tool')
  const toldBy = told.filter((message) => message.role === 'assistant')
  const toldCalls = toldBy.flatMap(({ toolCalls }) => toolCalls)
  const answered = last.toolCalls.flatMap((call) => {
    const result = results.find(({ callId }) => callId === call.id)
    return result === undefined ? [] : [{ call: toldCalls.find(({ id }) => id === call.id) ?? call, result }]
  })
  const text = toldBy.map((message) => message.text).join('') || last.text
  return [
    ...kept.slice(0, at),
    { ...last, text, toolCalls: answered.map(({ call }) => call) },
    ...answered.map(({ result }) => result),
  ]
}
