import type { ZodOpenApiResponseObject } from 'zod-openapi'
import { ErrorReply } from './plain-reply-schemas.ts'

type WireError = { message: string; type: string; param: string | null; code: string | null }
type Example = { error: WireError; details?: string }

const toReply = (description: string, examples: Readonly<Record<string, Example>>, headers: readonly string[] = []) =>
  ({
    description,
    headers: Object.fromEntries(
      ['x-request-id', ...headers].map((name) => [name, { $ref: `#/components/headers/${name}` }]),
    ),
    content: {
      'application/json': {
        schema: ErrorReply,
        examples: Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }])),
      },
    },
  }) satisfies ZodOpenApiResponseObject

const says = (message: string, rest: Partial<WireError> = {}, details?: string): Example => ({
  error: { message, type: 'invalid_request_error', param: null, code: null, ...rest },
  ...(details !== undefined && { details }),
})

/** Of what the caller is closest to; durations are texts such as `6m0s`. */
export const RATE_HEADERS = ['limit', 'remaining', 'reset'].flatMap((what) => [
  `x-ratelimit-${what}-requests`,
  `x-ratelimit-${what}-tokens`,
])

/** What any route can answer with, by status. A spec provokes each example. */
export const ERROR_REPLIES = {
  400: toReply('The request is at fault; `param` names the field.', {
    missing: says("Missing required parameter: 'messages'.", {
      param: 'messages',
      code: 'missing_required_parameter',
    }),
    too_long: says(
      "This model's maximum context length is 16384 tokens. However, your messages resulted in 20000 tokens. Please reduce the length of the messages.",
      { param: 'messages', code: 'context_length_exceeded' },
      'limitTokens: 16384, promptTokens: 20000',
    ),
    twice: says("The header 'authorization' is sent more than once. Send it once."),
  }),
  401: toReply(
    'No caller is named, the wallet address is malformed, or the key is unknown, revoked or expired.',
    {
      nobody: says(
        "Missing wallet address or API key. Send the header 'x-wallet-address: 0x…' or 'Authorization: Bearer <key>'.",
        { type: 'authentication_error', code: 'missing_wallet_address' },
      ),
    },
    ['www-authenticate'],
  ),
  402: toReply(
    'The account, or a budget, does not reach: no model was asked, and no credits were moved.',
    {
      credits: says(
        'Not enough credits: this request needs up to 0.001, and 0 are available. To top up: redeem a voucher at POST /v1/account/vouchers; ask the operator. Fewer max_tokens need less.',
        { type: 'insufficient_quota', code: 'insufficient_credits' },
        'needed: 0.001, available: 0, account: acct_7k3m9x2qp4n8vtc5',
      ),
    },
    ['payment-required', 'x-should-retry'],
  ),
  403: toReply('The caller is known, and may not do that.', {
    model: says("This API key may not use the model 'rehearsal'. It may use: operator.", {
      type: 'permission_error',
      code: 'model_not_allowed',
      param: 'model',
    }),
  }),
  404: toReply('There is no such route, or nothing of that id: no model, run, response, key, org, account, …', {
    model: says(
      "The model 'gpt-4o' does not exist or you do not have access to it. This gateway has: operator, rehearsal.",
      {
        param: 'model',
        code: 'model_not_found',
      },
    ),
    run: says("Run with id 'run_4f1d2c3b4a5968778695a4b3' not found.", { param: 'id' }),
    route: says('Invalid URL (POST /chat/completions). The base URL ends in /v1, once: ask /v1/chat/completions.'),
  }),
  405: toReply('The route does not know the method.', { method: says('Not allowed to PUT on /health. Use GET.') }, [
    'allow',
  ]),
  408: toReply('The request took too long to arrive.', {
    slow: says('Your request took too long to arrive.', { type: 'timeout_error', code: 'request_timeout' }),
  }),
  409: toReply(
    'What is asked for is not in a state for that, is taken, or there are as many as there may be (`code` says what it is); or the run was cancelled while it was waited for (`run_cancelled`).',
    {
      not_ended: says('The run is still queued. Cancel it first.', { type: 'conflict_error', code: 'run_not_ended' }),
    },
    ['x-should-retry'],
  ),
  413: toReply('The body is larger than the limit. The connection ends.', {
    large: says('The request body is larger than the limit of 10485760 bytes.', { code: 'request_too_large' }),
  }),
  415: toReply('The body is not JSON in UTF-8, plain or packed once.', {
    type: says("The body must be JSON. Send it with the header 'Content-Type: application/json'."),
  }),
  422: toReply('The idempotency key, or the `id` of a movement of credits, came with another body before.', {
    key_reused: says('This idempotency key was used for another request body. Use a new key for a new request.', {
      param: 'Idempotency-Key',
      code: 'idempotency_key_reused',
    }),
  }),
  429: toReply(
    'The caller has too many answers or runs at once, or has asked more often, or for more tokens, than its key, wallet, org or address may in a minute.',
    {
      busy: says(
        'You have 100 runs that have not ended, and may have 100. Wait for one to end, or cancel one.',
        { type: 'rate_limit_error', code: 'rate_limit_exceeded' },
        'pending: 100, limit: 100',
      ),
    },
    ['retry-after', ...RATE_HEADERS],
  ),
  431: toReply('The headers are too large. The connection ends.', {
    headers: says('The headers of your request are too large.'),
  }),
  500: toReply('A fault of ours; the log has it under the request id.', {
    fault: says('The server had an error while processing your request. Its operator finds it by x-request-id.', {
      type: 'server_error',
      code: 'internal_error',
    }),
  }),
  502: toReply(
    "The model's server is down, failed or is loading the model.",
    {
      down: says(
        "The model 'operator' cannot be reached. Is Ollama running? `ollama serve` starts it, and OLLAMA_BASE_URL says where it is.",
        {
          type: 'upstream_error',
          code: 'model_backend_error',
        },
      ),
      warming: says("The model 'operator' is still loading. Please try again in a moment.", {
        type: 'upstream_error',
        code: 'model_warming_up',
      }),
    },
    ['retry-after', 'x-should-retry'],
  ),
  503: toReply(
    'The model is busy, the queue is full, the store cannot be reached, or the gateway is stopping.',
    {
      busy: says("The model 'operator' is busy. Please try again in a moment.", {
        type: 'service_unavailable_error',
        code: 'server_overloaded',
      }),
      store: says('The gateway cannot reach its store (Postgres) right now. Try again in a few seconds.', {
        type: 'service_unavailable_error',
        code: 'store_unavailable',
      }),
    },
    ['retry-after', 'x-should-retry'],
  ),
  504: toReply(
    'The model was too slow, or no worker took the run in time.',
    {
      slow: says("The model 'operator' took too long to answer.", { type: 'timeout_error', code: 'model_timeout' }),
    },
    ['x-should-retry'],
  ),
} as const satisfies Record<number, ZodOpenApiResponseObject>

type ErrorStatus = keyof typeof ERROR_REPLIES

/** References to the replies of these statuses, for an operation's `responses`. */
export function errorReplies<Status extends ErrorStatus>(
  ...statuses: readonly Status[]
): Record<`${Status}`, { $ref: string }> {
  const entries = statuses.map((status) => [status, { $ref: `#/components/responses/${status}` }])
  return Object.fromEntries(entries)
}
