export type GatewayErrorOptions = {
  code: string | null
  status: number
  /** OpenAI's `error.type`. */
  type?: string
  /** The request field at fault, in OpenAI's spelling: `messages[0].content`. */
  param?: string | null
  details?: Record<string, unknown>
  /** Seconds a caller should wait before trying again, 1 to 60. */
  retryAfterSec?: number
  cause?: unknown
}

/**
 * What may be told to a caller. `message` is short and free of secrets; `details` explain it;
 * `cause` is for the log alone.
 */
export class GatewayError extends Error {
  readonly code: string | null
  readonly status: number
  readonly type: string
  readonly param: string | null
  readonly details: Record<string, unknown>
  readonly retryAfterSec: number | undefined

  constructor(message: string, options: GatewayErrorOptions) {
    super(message, { cause: options.cause })
    this.name = new.target.name
    this.code = options.code
    this.status = options.status
    this.type = options.type ?? 'invalid_request_error'
    this.param = options.param ?? null
    this.details = options.details ?? {}
    this.retryAfterSec = options.retryAfterSec
  }
}

/** 400: the request cannot be understood or holds what no model here can serve. */
export class BadRequestError extends GatewayError {
  constructor(
    message: string,
    { param = null, code = null, cause }: { param?: string | null; code?: string | null; cause?: unknown } = {},
  ) {
    super(message, { code, status: 400, param, cause })
  }
}

type Refusal = Pick<GatewayErrorOptions, 'param' | 'details' | 'retryAfterSec'>

/** 401: who asks has not proven to be who it has to be. */
export function unauthorized(code: string, message: string): GatewayError {
  return new GatewayError(message, { status: 401, code, type: 'authentication_error' })
}

/** 403: who asks is known, and may not. */
export function forbidden(code: string, message: string, refusal: Refusal = {}): GatewayError {
  return new GatewayError(message, { ...refusal, status: 403, code, type: 'permission_error' })
}

/** 404: it is not there, or not for who asks. */
export function notFound(code: string, message: string, refusal: Refusal = {}): GatewayError {
  return new GatewayError(message, { ...refusal, status: 404, code })
}

/** 409: things stand otherwise than the request takes them to. */
export function conflict(code: string, message: string, refusal: Refusal = {}): GatewayError {
  return new GatewayError(message, { ...refusal, status: 409, code, type: 'conflict_error' })
}

/**
 * 400 `context_length_exceeded`, in the wording agents match on to compact their history.
 * `limitTokens` is undefined where a backend refused without saying how much it takes.
 */
export class ContextLengthError extends GatewayError {
  constructor({
    limitTokens,
    promptTokens,
    cause,
  }: {
    limitTokens: number | undefined
    promptTokens: number
    cause?: unknown
  }) {
    const limit = limitTokens === undefined ? 'exceeded' : `${limitTokens} tokens`
    super(
      `This model's maximum context length is ${limit}. However, your messages resulted in ${promptTokens} tokens. Please reduce the length of the messages.`,
      {
        code: 'context_length_exceeded',
        status: 400,
        param: 'messages',
        details: { ...(limitTokens === undefined ? {} : { limitTokens }), promptTokens },
        cause,
      },
    )
  }
}

/**
 * The model's server failed us: 502 when it is down, cold or garbled, 503 when it is busy, 504 when it is too slow.
 * `message` names the backend by its public id and says what an operator can do; never an address or upstream text.
 */
export class BackendError extends GatewayError {
  readonly kind: BackendErrorKind

  constructor(message: string, { kind, cause }: { kind: BackendErrorKind; cause?: unknown }) {
    super(message, { ...BACKEND_ERRORS[kind], cause })
    this.kind = kind
  }
}

/** A caller has waited long enough, while its run goes on: the same request, sent again, joins it. */
export class RunGoesOnError extends GatewayError {}

export type BackendErrorKind = keyof typeof BACKEND_ERRORS

const BACKEND_ERRORS = {
  down: { status: 502, type: 'upstream_error', code: 'model_backend_error', retryAfterSec: 5 },
  warming: { status: 502, type: 'upstream_error', code: 'model_warming_up', retryAfterSec: 15 },
  failed: { status: 502, type: 'upstream_error', code: 'model_backend_error' },
  busy: { status: 503, type: 'service_unavailable_error', code: 'server_overloaded', retryAfterSec: 5 },
  timeout: { status: 504, type: 'timeout_error', code: 'model_timeout' },
} as const
