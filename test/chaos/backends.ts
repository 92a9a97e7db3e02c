import { setTimeout as pause } from 'node:timers/promises'
import { type RpcNode, scriptedRpcNode } from '../support/rpc-node.ts'
import type { ScriptedReply } from '../support/scripted-backend.ts'
import { scriptedOpenAI } from '../support/scripted-openai.ts'
import { type RunpodFault, type ScriptedRunpod, scriptedRunpod } from '../support/scripted-runpod.ts'
import { createDice } from './dice.ts'
import type { Journal } from './journal.ts'
import { isEndless, readTag, toAnswer, toQuestion } from './question.ts'

/** What all models and nodes of the world are asked for, and how badly they take it. */
export type Backends = {
  vllmUrl: string
  runpod: ScriptedRunpod
  rpc: RpcNode
  readonly modelCalls: readonly ModelCall[]
  readonly toolCalls: readonly ToolCallSeen[]
  /** What was seen that must not be, whatever breaks. */
  readonly wrongs: readonly { tag: string | undefined; text: string }[]
  /** Failures that were handed out, by question. */
  faultsOf(tag: string): number
  /** Who has asked vLLM last, since then. */
  lastCaller(sinceMs: number): string | undefined
  /** Probability that a call fails in one way or another. */
  mood: { vllm: number; runpod: number }
  close(): Promise<void>
}

/** A call of a model for a step of a question. */
export type ModelCall = {
  tag: string
  step: number
  atMs: number
  backend: 'vllm' | 'runpod'
  /** That asked; RunPod's key is one for all. */
  process: string | undefined
  isSpoilt: boolean
}

export type ToolCallSeen = { address: string; atMs: number }

export async function startBackends(journal: Journal): Promise<Backends> {
  const modelCalls: ModelCall[] = []
  const toolCalls: ToolCallSeen[] = []
  const wrongs: { tag: string | undefined; text: string }[] = []
  const faults = new Map<string, number>()
  const mood = { vllm: 0, runpod: 0 }
  const chance = createDice('backends')

  function blame(tag: string | undefined): void {
    if (tag !== undefined) faults.set(tag, (faults.get(tag) ?? 0) + 1)
  }

  /** Looks at the conversation like a model would, and at what the gateway has put into it. */
  // biome-ignore lint/suspicious/noExplicitAny: the body is whatever the gateway sent
  function understand(body: any) {
    const messages: WireMessage[] = body.messages
    const tag = readTag(JSON.stringify(messages))
    if (tag === undefined) return undefined
    const { steps } = toQuestion(tag)
    const step = toStep(messages)
    const results = messages.filter(({ role }) => role === 'tool')
    const asked = steps.slice(0, step - 1).flat()
    if (results.length !== asked.length) {
      wrongs.push({ tag, text: `step ${step} has ${results.length} tool results, and should have ${asked.length}` })
    }
    for (const [at, { content }] of results.entries()) {
      const text = JSON.stringify(content).toLowerCase()
      const others = [...text.matchAll(/0x[0-9a-f]{40}(?![0-9a-f])/g)].filter(([address]) => address !== asked[at])
      if (others.length > 0) wrongs.push({ tag, text: `step ${step} was shown the result of another call: ${text}` })
    }
    return { tag, step, addresses: steps[step - 1] }
  }

  const jobCalls = () =>
    runpod.jobs.flatMap(({ body: { messages }, submittedAtMs: atMs }): ModelCall[] => {
      const tag = readTag(JSON.stringify(messages))
      return tag === undefined
        ? []
        : [{ tag, step: toStep(messages), atMs, backend: 'runpod', process: undefined, isSpoilt: false }]
    })

  const toAttempt = (tag: string, step: number) =>
    [...modelCalls, ...jobCalls()].filter((call) => call.tag === tag && call.step === step).length

  function toReply(tag: string, step: number, addresses: readonly string[] | undefined) {
    if (addresses === undefined) return { text: toAnswer(tag, toAttempt(tag, step)) }
    return {
      toolCalls: addresses.map((address, index) => ({
        name: 'transaction_count',
        arguments: { address },
        id: `call_${step}_${index}_${toAttempt(tag, step)}`,
      })),
    }
  }

  const vllm = await scriptedOpenAI(
    async ({ body, headers }): Promise<ScriptedReply> => {
      const seen = understand(body)
      if (seen === undefined) return { text: 'ok' }
      const { tag, step, addresses } = seen
      const isSpoilt = chance.chance(mood.vllm)
      const process = headers.authorization?.replace('Bearer ', '')
      modelCalls.push({ tag, step, atMs: Date.now(), backend: 'vllm', process, isSpoilt })
      journal.note(`vllm: step ${step} for ${process}${isSpoilt ? ', spoilt' : ''}`, tag)
      const dice = createDice(`${tag} ${step} ${toAttempt(tag, step)}`)
      await pause(dice.between(30, 600))
      if (isEndless(tag) && addresses === undefined) return { hang: true }
      if (!isSpoilt) return { ...toReply(tag, step, addresses), ...(dice.chance(0.3) && { delayMs: 10 }) }
      blame(tag)
      return { ...toReply(tag, step, addresses), ...chance.pick(SPOILT) }
    },
    { models: ['small', 'big'] },
  )

  const runpod = await scriptedRunpod(
    ({ body }) => {
      const seen = understand(body)
      if (seen === undefined) return { text: 'ok' }
      const { tag, step, addresses } = seen
      if (isEndless(tag) && addresses === undefined) return { neverEnds: true }
      journal.note(`runpod: step ${step}`, tag)
      const takesMs = createDice(`${tag} ${step}`).between(30, 700)
      if (!chance.chance(mood.runpod)) return { ...toReply(tag, step, addresses), takesMs }
      blame(tag)
      return { takesMs, ...chance.pick([{ error: 'CUDA out of memory' }, { output: [] }, { state: 'TIMED_OUT' }]) }
    },
    {
      fault({ operation, jobId }): RunpodFault | undefined {
        if (!chance.chance(mood.runpod)) return undefined
        const fault = chance.pick(RUNPOD_FAULTS)
        const job = runpod.jobs.find(({ id }) => id === jobId)
        if (job !== undefined) blame(readTag(JSON.stringify(job.body)))
        else isSubmitSpoilt ||= operation === 'run'
        return fault
      },
    },
  )
  // A spoilt submission does not say whose it was: then any question may have suffered.
  let isSubmitSpoilt = false

  const rpc = await scriptedRpcNode({
    answers: {
      eth_getTransactionCount([address]) {
        toolCalls.push({ address: String(address).toLowerCase(), atMs: Date.now() })
        return '0x2a'
      },
      eth_getCode: () => '0x',
    },
  })

  return {
    vllmUrl: `${vllm.url}/v1`,
    runpod,
    rpc,
    get modelCalls() {
      return [...modelCalls, ...jobCalls()]
    },
    toolCalls,
    wrongs,
    faultsOf: (tag) => (faults.get(tag) ?? 0) + (isSubmitSpoilt ? 1 : 0),
    lastCaller(sinceMs) {
      const last = modelCalls.at(-1)
      return last !== undefined && last.atMs >= sinceMs ? last.process : undefined
    },
    mood,
    async close() {
      await Promise.all([vllm.close(), runpod.close(), rpc.close()])
    },
  }
}

type WireMessage = { role: string; content: unknown; tool_calls?: unknown[] }

const toStep = (messages: readonly WireMessage[]) =>
  messages.filter(({ tool_calls: calls }) => (calls?.length ?? 0) > 0).length + 1

const SPOILT: readonly ScriptedReply[] = [
  { status: 500 },
  { status: 503 },
  { status: 429, headers: { 'retry-after': '1' } },
  { cut: true },
  { cut: 'reset' },
  { noFinal: true },
  { garbled: 'data: {"choices":[{"delta":{"content":"half an ans' },
]
const RUNPOD_FAULTS: readonly RunpodFault[] = [{ status: 500 }, { status: 429 }, { status: 502 }, 'cut', 'cutAfter']
