import type { AIMessage } from '@langchain/core/messages'
import { BackendError, type BackendErrorKind } from '../../errors.ts'
import { type BackendTimeouts, DEFAULT_TIMEOUTS, NEVER_MS } from '../backend-timeouts.ts'
import type { OpenChat } from '../langchain-adapter.ts'
import type { JobMemo, Model, ModelEvent, ModelRequest } from '../model.ts'
import { opensThoughts, toChatOptions, toResponseFormat, toToolOptions } from '../openai-params.ts'
import type { BackendAdvice } from '../to-model-error.ts'
import { checkRunpod } from './check-runpod.ts'
import { connectRunpod, type RunpodConnectionOptions } from './connect-runpod.ts'
import type { EndpointState } from './endpoint.ts'
import { type JobHandle, NotServedError } from './run-job.ts'

export type RunpodOptions = Partial<BackendTimeouts> &
  RunpodConnectionOptions & {
    /** Public id. */
    id: string
    /** As vLLM serves it: `Qwen/Qwen3-32B`. */
    modelName: string
    /** {@link Model.backend}, where several endpoints serve the same model. */
    backend?: string | undefined
    /** `MAX_MODEL_LEN` of the endpoint. */
    contextTokens?: number | undefined
  }

/**
 * A model on a serverless endpoint of RunPod, through its jobs. `firstTokenTimeoutMs` is how long a caller who is not patient
 * waits for a worker.
 */
export function createRunpodModel(options: RunpodOptions): Model {
  const { id, modelName, backend = `runpod:${modelName}`, contextTokens } = options
  const { firstTokenTimeoutMs } = { ...DEFAULT_TIMEOUTS, ...options }
  const connection = connectRunpod(options)
  const settings = {
    modelId: id,
    ...(contextTokens === undefined ? {} : { contextTokens }),
    // Counted around the job, where waiting for a worker is told from its work.
    firstTokenTimeoutMs: NEVER_MS,
    idleTimeoutMs: NEVER_MS,
    advice: ADVICE,
    thoughtOpened: opensThoughts(modelName),
    exactNumbers: true,
  }

  let loading: ReturnType<typeof loadRunpod> | undefined

  async function* stream(request: ModelRequest): AsyncGenerator<ModelEvent, void> {
    loading ??= loadRunpod()
    const [{ ChatRunpod }, { streamChat }] = await loading
    const { params, format, patient, job: memo } = request
    const handle = memo === undefined ? undefined : toHandle(memo, backend)
    const open: OpenChat = async ({ messages, tools, signal }) => {
      const { stop, seed } = params
      const chat = new ChatRunpod({
        ...toChatOptions(params),
        ...(seed === undefined ? {} : { seed }),
        ...(format === undefined ? {} : { modelKwargs: { response_format: toResponseFormat(format) } }),
        ...(patient ? { queueTimeoutMs: Number.POSITIVE_INFINITY } : { queueTimeoutMs: firstTokenTimeoutMs }),
        model: modelName,
        connection,
      })
      const callOptions = {
        signal,
        ...(tools.length === 0 ? {} : toToolOptions(tools, request)),
        ...(stop === undefined ? {} : { stop: [...stop] }),
        ...(handle === undefined ? {} : { job: handle.job }),
      }
      // Not `invoke()`, which would hand prompts to a tracing service where the environment names one.
      const { generations } = await chat._generate(messages, callOptions).catch((error) => {
        throw error instanceof NotServedError ? toBackendError(id, error) : error
      })
      return toChunks(generations[0]?.message as AIMessage)
    }
    try {
      yield* streamChat(open, request, settings)
    } catch (error) {
      throw handle?.failure() ?? error
    }
  }

  return {
    id,
    backend,
    contextTokens,
    stream,
    cancelJob: (job, signal) => connection.api.cancel(job.id, signal),
    check: (signal) => checkRunpod(connection.api, signal),
  }
}

/** Imported on first use: LangChain takes a third of a second and 100 MB. */
export const loadRunpod = () => Promise.all([import('./chat-runpod.ts'), import('../langchain-adapter.ts')])

/** What keeping a job failed with is no failure of the model's: it is thrown as it is. */
function toHandle({ known, keep, goesOn }: JobMemo, backend: string): { job: JobHandle; failure(): unknown } {
  let failure: unknown
  return {
    job: {
      knownId: known?.backend === backend ? known.id : undefined,
      keep: (id) =>
        keep({ backend, id }).catch((error) => {
          failure = error
          throw error
        }),
      goesOn,
    },
    failure: () => failure,
  }
}

/** Calls as they were written: the ones that LangChain has read hold rounded numbers. */
async function* toChunks({ content, additional_kwargs, response_metadata, usage_metadata }: AIMessage) {
  const tool_call_chunks = (additional_kwargs.tool_calls ?? []).map(({ id, function: called }, index) => ({
    index,
    id,
    name: called.name,
    args: called.arguments,
  }))
  yield { content, additional_kwargs, response_metadata, usage_metadata, tool_call_chunks }
}

function toBackendError(modelId: string, cause: NotServedError): BackendError {
  const { kind, text } = NOT_SERVED[cause.state ?? 'awake']
  return new BackendError(`The model '${modelId}' ${text}`, { kind, cause })
}

const UNREACHABLE = 'Can this machine reach RUNPOD_BASE_URL?'

const WAKING = {
  kind: 'warming',
  text: 'is waking up: its machine starts, which takes some minutes. Please try again in a moment.',
} as const

const NOT_SERVED: Record<EndpointState, { kind: BackendErrorKind; text: string }> = {
  asleep: WAKING,
  starting: WAKING,
  awake: { kind: 'busy', text: 'is busy with earlier questions. Please try again in a moment.' },
  no_gpu: { kind: 'busy', text: 'waits for a GPU: its provider has none free now. Please try again later.' },
  crashing: { kind: 'failed', text: 'cannot start: its workers fail. The log of its RunPod endpoint tells why.' },
  away: { kind: 'down', text: `cannot be reached. ${UNREACHABLE}` },
}

const ADVICE: BackendAdvice = {
  unreachable: UNREACHABLE,
  missing: 'is not known to its server: see RUNPOD_ENDPOINT_ID and the model name.',
  noTools: 'cannot call tools on its server: the endpoint needs ENABLE_AUTO_TOOL_CHOICE=true and TOOL_CALL_PARSER.',
  unauthorized: 'is refused by its server: see RUNPOD_API_KEY and RUNPOD_ENDPOINT_ID.',
}
