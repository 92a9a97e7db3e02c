import { BackendError, ContextLengthError, GatewayError } from '../errors.ts'
import { BackendFailure } from './backend-failure.ts'

/** What an operator can do about a backend, in whole sentences without addresses. */
export type BackendAdvice = {
  /** No connection. */
  unreachable: string
  /** The backend does not know the model. */
  missing: string
  /** The model cannot call tools. */
  noTools: string
  /** The backend does not accept our credentials. */
  unauthorized: string
}

export type ErrorContext = {
  modelId: string
  contextTokens?: number
  /** Our estimate, for where the backend does not say how long the prompt was. */
  promptTokens: number
  advice: BackendAdvice
}

/**
 * Turns whatever a backend or its client library threw into what a caller may be told. The backend's own words are read to
 * decide and stay in `cause`.
 */
export function toModelError(error: unknown, context: ErrorContext): GatewayError {
  if (error instanceof GatewayError) return error
  const failure = findFailure(error)
  const say = (text: string) => `The model '${context.modelId}' ${text}`
  switch (failure.kind) {
    case 'unreachable':
      return new BackendError(say(`cannot be reached. ${context.advice.unreachable}`), { kind: 'down', cause: error })
    case 'silent':
      return new BackendError(say('took too long to answer.'), { kind: 'timeout', cause: error })
    case 'broken':
      return new BackendError(say('broke off its answer. Please try again.'), { kind: 'failed', cause: error })
    case 'refused':
      return toRefusal(failure, context, error)
    case 'crashed':
      return toCrash(failure, context, error)
    case 'unsure':
      return new BackendError(say('did not say whether it took the question, so it is not asked twice.'), {
        kind: 'failed',
        cause: error,
      })
    default:
      throw failure.kind satisfies never
  }
}

function toRefusal(failure: BackendFailure, context: ErrorContext, cause: unknown): GatewayError {
  const { modelId, advice } = context
  const { status = 500, upstreamText } = failure
  const say = (text: string) => `The model '${modelId}' ${text}`
  // Nginx and its like: more than any model reads.
  if (CONTEXT_LENGTH.test(upstreamText) || status === 413) return toContextLengthError(upstreamText, context, cause)
  if (NO_TOOLS.test(upstreamText)) return new BackendError(say(advice.noTools), { kind: 'failed', cause })
  if (status === 404) return new BackendError(say(advice.missing), { kind: 'failed', cause })
  if (status === 401 || status === 403) return new BackendError(say(advice.unauthorized), { kind: 'failed', cause })
  if (LOADING.test(upstreamText)) {
    return new BackendError(say('is still loading. Please try again in a moment.'), { kind: 'warming', cause })
  }
  if (status === 429 || status === 503 || BUSY.test(upstreamText)) {
    return new BackendError(say('is busy. Please try again in a moment.'), { kind: 'busy', cause })
  }
  // A proxy whose server is away.
  if (status === 502) return new BackendError(say(`cannot be reached. ${advice.unreachable}`), { kind: 'down', cause })
  if (status === 408 || status === 504 || status === 524)
    return new BackendError(say('took too long to answer.'), { kind: 'timeout', cause })
  return toCrash(failure, context, cause)
}

/** The words are those of a program that broke: they may speak of loading, or of being busy, and mean something else. */
function toCrash({ upstreamText }: BackendFailure, context: ErrorContext, cause: unknown): GatewayError {
  const say = (text: string) => `The model '${context.modelId}' ${text}`
  if (CONTEXT_LENGTH.test(upstreamText)) return toContextLengthError(upstreamText, context, cause)
  if (OUT_OF_MEMORY.test(upstreamText)) {
    return new BackendError(say('ran out of memory. A smaller model or context would fit.'), { kind: 'failed', cause })
  }
  return new BackendError(say("failed; its server's log tells why."), { kind: 'failed', cause })
}

/** Wordings of Ollama, llama.cpp, vLLM and OpenAI. */
const CONTEXT_LENGTH =
  /context_length_exceeded|exceeds? the (?:available )?context|longer than the context length|maximum (?:context|model) length|context window|max_tokens must be at least 1, got -/i
const NO_TOOLS = /does not support tools|--enable-auto-tool-choice/i
/** llama.cpp: `Loading model`; Hugging Face's servers: `Model … is currently loading`. */
const LOADING = /\bloading model\b|is (?:currently |still )?loading\b/i
const BUSY = /server busy|overloaded/i
const OUT_OF_MEMORY = /out of memory|requires more system memory/i

function toContextLengthError(text: string, { contextTokens, promptTokens }: ErrorContext, cause: unknown) {
  const limitTokens = toCount(/maximum (?:context|model) length (?:is|of) (\d+)/i.exec(text)?.[1]) ?? contextTokens
  const counted = toCount(COUNTED.exec(text)?.[1]) ?? promptTokens
  return new ContextLengthError({ limitTokens, promptTokens: Math.max(counted, (limitTokens ?? 0) + 1), cause })
}

const COUNTED = /(?:resulted in|requested|request has|prompt \(length) (\d+)(?:(?: input)? tokens|\))/i

const toCount = (digits: string | undefined) => (digits === undefined ? undefined : Number(digits))

/** Client libraries wrap what they throw, so the failure may lie down the chain of causes. */
function findFailure(error: unknown): BackendFailure {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    if (at instanceof BackendFailure) return at
    if (at.name === 'TimeoutError') return new BackendFailure('silent')
    // How fetch words a body that ends too early; its cause is a reset, but the backend was there.
    if (at.message === 'terminated') return new BackendFailure('broken')
    const status = 'status' in at ? at.status : 'statusCode' in at ? at.statusCode : undefined
    if (typeof status === 'number') return new BackendFailure('refused', { status, upstreamText: textOf(at) })
    if ('code' in at && typeof at.code === 'string' && UNREACHABLE.test(at.code))
      return new BackendFailure('unreachable')
  }
  const text = error instanceof Error ? textOf(error) : ''
  if (CONTEXT_LENGTH.test(text)) return new BackendFailure('refused', { status: 400, upstreamText: text })
  return new BackendFailure('broken')
}

const textOf = (error: Error) => `${error.message} ${'code' in error ? String(error.code) : ''}`

const UNREACHABLE =
  /^(?:ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/
