import { z } from 'zod'
import { BackendFailure } from './backend-failure.ts'
import { createBackendFetch } from './backend-fetch.ts'
import { CHECK_TIMEOUT_MS } from './backend-timeouts.ts'
import type { ModelHealth } from './model.ts'
import type { BackendAgent } from './request-backend.ts'

/** `address` is the setting that says where it is. */
export type OllamaModelRef = { baseUrl: string; modelName: string; agent: BackendAgent; address: string }

/** Whether Ollama answers, has the model, and the model can call tools. Loads nothing. */
export async function checkOllama(
  { baseUrl, modelName, agent, address }: OllamaModelRef,
  signal: AbortSignal,
): Promise<ModelHealth> {
  const fetch = createBackendFetch({ agent, signal: AbortSignal.any([signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)]) })
  const ask = async (path: string, init?: RequestInit): Promise<unknown> =>
    (await fetch(`${baseUrl}${path}`, init)).json()

  const tags = await ask('/api/tags').then(Tags.safeParse, (error: unknown) => ({ success: false as const, error }))
  if (!tags.success) {
    return isOfAnother(tags.error)
      ? down(`${address} does not lead to an Ollama server`)
      : down(`Ollama does not answer: start it with \`ollama serve\`, or correct ${address}`)
  }
  if (!tags.data.models.some(({ name }) => name === withTag(modelName))) return down(`run \`ollama pull ${modelName}\``)

  const body = JSON.stringify({ model: modelName })
  const shown = await ask('/api/show', { method: 'POST', body }).then(Shown.safeParse, () => undefined)
  // Older builds do not tell what a model can do.
  const capabilities = shown?.data?.capabilities
  if (capabilities && !capabilities.includes('tools')) {
    return down(`${modelName} cannot call tools: choose a model that can, such as qwen3:8b`)
  }
  return { status: 'ok' }
}

const Tags = z.object({ models: z.array(z.object({ name: z.string() })) })
const Shown = z.object({ capabilities: z.array(z.string()).nullish() })

/** Whether a server has answered that does not know the question. */
const isOfAnother = (error: unknown) =>
  error instanceof z.ZodError ||
  error instanceof SyntaxError ||
  (error instanceof BackendFailure && error.status === 404)

const down = (detail: string): ModelHealth => ({ status: 'down', detail })

/** `llama3` is `llama3:latest`; a registry's port is not a tag. */
const withTag = (name: string) => (/:[^/]*$/.test(name) ? name : `${name}:latest`)
