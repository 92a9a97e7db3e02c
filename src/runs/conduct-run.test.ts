import { expect, onTestFinished, test } from 'vitest'
import { memoryKeep } from '../../test/support/memory-keep.ts'
import type { ScriptedBackend, ToReply } from '../../test/support/scripted-backend.ts'
import { scriptedOpenAI } from '../../test/support/scripted-openai.ts'
import { newRun, testStore } from '../../test/support/stored-runs.ts'
import { DEFAULT_LIMITS } from '../agent/limits.ts'
import type { BlockRef } from '../chain/chain-session.ts'
import type { ToolCall } from '../messages.ts'
import { createOpenAIModel } from '../models/openai.ts'
import { createConductRun } from './conduct-run.ts'
import { createExecuteRun } from './execute-run.ts'
import { loadPrompts } from './prompts.ts'
import { type ClaimedRun, LostClaimError, type RunStore } from './run-store.ts'

const BLOCK: BlockRef = { chain: 'ethereum', chainId: 1, number: 7n, hash: '0x07', timestampSec: 1_700_000_000 }
const TOOL = { name: 'gas_price', description: 'Gas price.', parameters: { type: 'object', properties: {} } }
const CALL = { toolCalls: [{ name: TOOL.name, id: 'same', arguments: {} }] }

type Stage = {
  store: RunStore
  backend: ScriptedBackend
  /** Server tools that were really run. */
  ran: ToolCall[]
  /** Blocks that each session was told to read on from. */
  opened: (readonly BlockRef[])[]
  claim(): Promise<ClaimedRun>
  conduct: ReturnType<typeof createConductRun>
}

/** A run that asks a scripted model, with a store of its own. */
async function stage(script: ToReply, onTool: () => void = () => {}): Promise<Stage> {
  const { store } = await testStore()
  const backend = await scriptedOpenAI(script)
  onTestFinished(() => backend.close())
  const ran: ToolCall[] = []
  const opened: (readonly BlockRef[])[] = []
  const executeRun = createExecuteRun({
    tools: {
      definitions: [TOOL],
      async run(call) {
        ran.push(call)
        onTool()
        return { ok: true, text: `result ${ran.length}`, summary: 'It is 7.', output: {}, blocks: [BLOCK] }
      },
    },
    openChainSession(blocks) {
      opened.push(blocks)
      return {
        scope: () => expect.unreachable('no tool here reads a chain'),
        evidence: () => [],
        blocks: () => blocks,
        findReorgs: async () => [],
      }
    },
    keptTurns: memoryKeep(),
    prompts: await loadPrompts('prompts'),
    limits: DEFAULT_LIMITS,
  })
  const model = createOpenAIModel({ id: 'conductor', modelName: 'gpt-test', baseUrl: `${backend.url}/v1` })
  const conduct = createConductRun({ store, models: { find: (id) => ({ id, model }) }, executeRun, onError: () => {} })
  await store.submit(newRun({ id: RUN_ID, caller: 'ann' }))
  return {
    store,
    backend,
    ran,
    opened,
    claim: async () => (await store.claim(RUN_ID, 'worker')) ?? expect.fail('nothing to claim'),
    conduct,
  }
}

const RUN_ID = `run_${'a'.repeat(24)}`

/** Calls its tool in the first step, and again, by a call of the same id, in the second; then it answers. */
const twoCalls: ToReply = ({ body }) => {
  const results = body.messages.filter(({ role }: { role: string }) => role === 'tool').length
  return results < 2 ? CALL : { text: `It is ${results}.`, usage: { promptTokens: 10, completionTokens: 2 } }
}

test('a worker that takes over repeats no model call and no tool call that is recorded, and ends the run as if it had done all', async () => {
  const broken = new AbortController()
  const { store, backend, ran, opened, claim, conduct } = await stage(twoCalls, () => {
    if (ran.length === 2) broken.abort(new LostClaimError('the worker stops'))
  })
  const first = await claim()
  await expect(conduct(first, broken.signal)).rejects.toThrow(LostClaimError)
  expect([backend.requests.length, ran.length]).toEqual([2, 2])
  await store.release(first)

  const second = await claim()
  expect(second.fence).toBeGreaterThan(first.fence)
  const ended = await conduct(second, new AbortController().signal)
  expect(ended).toMatchObject({ state: 'completed', steps: 3, outcome: { text: 'It is 2.', reason: 'stop' } })
  // The second call was broken off before it could be recorded: it is the only one that is made again.
  expect([backend.requests.length, ran.length]).toEqual([3, 3])
  expect(opened.at(-1)).toEqual([BLOCK])
  const told = backend.requests[2]?.body.messages.filter(({ role }: { role: string }) => role === 'tool')
  expect(told.map(({ content }: { content: string }) => content)).toEqual(['result 1', 'result 3'])
  expect(ended.usage).toMatchObject({ completionTokens: expect.any(Number) })
})

/** Two steps with their tools are recorded, and the third is asked for when its worker stops. */
async function brokenOffInTheThird(): Promise<Stage> {
  const broken = new AbortController()
  const staged = await stage((request) => {
    if (staged.backend.requests.length === 3) broken.abort(new LostClaimError('the worker stops'))
    return twoCalls(request)
  })
  const first = await staged.claim()
  await expect(staged.conduct(first, broken.signal)).rejects.toThrow(LostClaimError)
  await staged.store.release(first)
  return staged
}

test('a worker that is to stop as it takes over ends nothing: what it only tells again is no answer', async () => {
  const { store, backend, claim, conduct } = await brokenOffInTheThird()
  const taken = await claim()
  await expect(conduct(taken, AbortSignal.abort(new LostClaimError('the worker stops')))).rejects.toThrow(
    LostClaimError,
  )
  expect(await store.find('ann', RUN_ID)).toMatchObject({ state: 'running', outcome: null })
  expect(backend.requests).toHaveLength(3)
})

test('a run whose time is over when it is taken over ends with what its tools have found', async () => {
  const { claim, conduct } = await brokenOffInTheThird()
  const taken = { ...(await claim()), remainingMs: 0 }
  expect(await conduct(taken, new AbortController().signal)).toMatchObject({
    state: 'completed',
    outcome: { text: expect.stringMatching(/^It is [27]\.$/) },
  })
})

test('a worker that lost its run changes nothing any more, and stops', async () => {
  const { store, backend, claim, conduct } = await stage(async ({ body }) => {
    if (backend.requests.length === 1) {
      await store.release(first)
      await claim()
    }
    return twoCalls({ method: 'POST', path: '', headers: {}, body })
  })
  const first = await claim()
  await expect(conduct(first, new AbortController().signal)).rejects.toThrow(LostClaimError)
  const run = await store.find('ann', RUN_ID)
  expect(run).toMatchObject({ state: 'running', steps: 0, outcome: null })
  expect(backend.requests).toHaveLength(1)
})

test('a run that breaks ends as failed, with what its caller may know', async () => {
  const { store, claim, conduct } = await stage(() => ({ status: 500, error: 'secret' }))
  const ended = await conduct(await claim(), new AbortController().signal)
  expect(ended).toMatchObject({ state: 'failed', outcome: { error: { status: 502, code: 'model_backend_error' } } })
  expect(JSON.stringify(ended.outcome)).not.toContain('secret')
  expect((await store.events('ann', RUN_ID, 0))?.map(({ type }) => type)).toEqual(['queued', 'started', 'failed'])
})
