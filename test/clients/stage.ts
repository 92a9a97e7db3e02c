import { readdirSync } from 'node:fs'
import { expect } from 'vitest'
import type { ScriptedBackend, ScriptedReply } from '../support/scripted-backend.ts'
import { scriptedOllama } from '../support/scripted-ollama.ts'
import { scriptedOpenAI } from '../support/scripted-openai.ts'
import { type WholeGateway, wholeGateway } from '../support/whole-gateway.ts'
import { findFaults, type Heard, toHeard } from './heard.ts'
import type { Play } from './model-that-calls.ts'
import { createWireRecord, type WireRecord } from './wire-record.ts'

/** A gateway with a scripted model behind it and a recording `fetch` before it. */
export type Stage = {
  /** What clients are given as their base URL. */
  baseURL: string
  gateway: WholeGateway
  backend: ScriptedBackend
  wire: WireRecord
  /** The model from here on; what was heard and recorded before is forgotten. */
  play(model: Play): void
  /** What the model was asked since. */
  heard(): readonly Heard[]
  /** Tokens of `steps` model calls; of all that were made, where no number is given. */
  usage(steps?: number): { prompt: number; completion: number; total: number }
  /** @throws where the wire shows the gateway's own tools, or the model was sent a history with holes. */
  checkManners(): void
  close(): Promise<void>
}

export const BACKENDS = ['Ollama', 'an OpenAI-compatible server'] as const

export async function openStage(
  backendName: (typeof BACKENDS)[number],
  env: Record<string, string> = {},
): Promise<Stage> {
  let model: Play = () => ({ status: 500, error: 'the spec gave no model' })
  let asked = 0
  const script = (request: Parameters<typeof toHeard>[0]): ScriptedReply => ({
    usage: { promptTokens: PROMPT_TOKENS, completionTokens: COMPLETION_TOKENS },
    ...model(toHeard(request)),
  })
  const isOllama = backendName === 'Ollama'
  const backend = await (isOllama ? scriptedOllama(script) : scriptedOpenAI(script))
  const backendEnv = isOllama
    ? { OLLAMA_BASE_URL: backend.url, OPERATOR_MODEL: 'ollama:qwen3:8b' }
    : { OPENAI_BASE_URL: `${backend.url}/v1`, OPENAI_API_KEY: 'k', OPERATOR_MODEL: 'openai:gpt-test' }
  const gateway = await wholeGateway({ ...env, ...backendEnv })
  const wire = createWireRecord()
  const heard = () => backend.requests.slice(asked).map(toHeard)

  return {
    baseURL: `${gateway.url}/v1`,
    gateway,
    backend,
    wire,
    play(next) {
      model = next
      asked = backend.requests.length
      wire.clear()
    },
    heard,
    usage(steps = heard().length) {
      const prompt = steps * PROMPT_TOKENS
      const completion = steps * COMPLETION_TOKENS
      return { prompt, completion, total: prompt + completion }
    },
    checkManners() {
      for (const { text } of wire.exchanges) expect(text).not.toMatch(SERVER_TOOL)
      for (const request of heard()) expect(findFaults(request)).toEqual([])
    },
    async close() {
      await gateway.close()
      await backend.close()
    },
  }
}

const PROMPT_TOKENS = 100
const COMPLETION_TOKENS = 10

const SERVER_TOOLS = readdirSync(new URL('../../tools', import.meta.url)).map((file) => file.replace(/\.ts$/, ''))

/** A tool of the gateway: as a name in JSON, or anywhere where its name is no English word. */
const SERVER_TOOL = new RegExp(
  [`\\bname\\\\?":\\s*\\\\?"(${SERVER_TOOLS.join('|')})\\b`, ...SERVER_TOOLS.filter((name) => name.includes('_'))].join(
    '|',
  ),
)
