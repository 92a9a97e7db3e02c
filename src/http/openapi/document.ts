import { createDocument, type ZodOpenApiObject } from 'zod-openapi'
import { ERROR_REPLIES, RATE_HEADERS } from './error-replies.ts'
import { toPaths } from './paths.ts'
import { runEnded } from './run-operations.ts'

/** OpenAPI 3.1, made from the schemas that judge the requests. */
export function createOpenApiDocument(): Record<string, unknown> {
  return { ...createDocument(DOCUMENT, { override: ({ jsonSchema }) => dropSafeBounds(jsonSchema) }) }
}

const DOCUMENT: ZodOpenApiObject = {
  openapi: '3.1.0',
  info: {
    title: 'Groundwire',
    version: '1',
    description: [
      "An OpenAI-compatible gateway whose models can read the chain. Point any OpenAI client's base URL at `/v1` here.",
      'In free mode, which `/` tells, name a caller to use it: a wallet address or any key. Elsewhere answers are charged: send an API key of this gateway, or sign a wallet in. A 402 says what is missing, before any model is asked.',
      'The header `x-groundwire-run-id` of a reply names its run.',
      'Runs of a queued model, and all with `"background": true`, are kept step by step: they go on when a connection or a process ends, and `/v1/runs` tells of them.',
      'Amounts of the chain and of credits are exact decimal texts; times are Unix seconds.',
    ].join('\n\n'),
    license: { name: 'MIT', identifier: 'MIT' },
  },
  servers: [{ url: '/', description: 'This gateway' }],
  security: [{ wallet: [] }, { bearer: [] }],
  tags: [
    { name: 'chat', description: 'Chat Completions' },
    { name: 'responses', description: 'The Responses API' },
    { name: 'runs', description: 'Runs that outlive the request that asked for them' },
    { name: 'account', description: 'Credits: what there is, and how to have more' },
    { name: 'keys', description: 'API keys, and what each may do' },
    { name: 'orgs', description: 'Accounts that several share' },
    { name: 'sign-in', description: 'A wallet proves who it is, by EIP-4361' },
    { name: 'models', description: 'What can answer' },
    { name: 'admin', description: 'For the operator, by ADMIN_KEY; without one set there are no such routes' },
    { name: 'gateway', description: 'The gateway itself; no credentials' },
  ],
  paths: toPaths(),
  webhooks: { run_ended: runEnded },
  components: {
    responses: ERROR_REPLIES,
    parameters: {
      'x-groundwire-tools': {
        name: 'x-groundwire-tools',
        in: 'header',
        description: "`off` turns the gateway's own tools off for this request.",
        schema: { type: 'string', enum: ['on', 'off'], default: 'on' },
      },
      'x-groundwire-trace': {
        name: 'x-groundwire-trace',
        in: 'header',
        description: '`1` adds how the answer came about, under the key `groundwire`.',
        schema: { type: 'string', enum: ['1', '0'], default: '0' },
      },
      'x-groundwire-heartbeat': {
        name: 'x-groundwire-heartbeat',
        in: 'header',
        description:
          '`on` breaks the silence of a blocking reply by blanks before its JSON, every 10 s. What fails after the first has status 200.',
        schema: { type: 'string', enum: ['on', 'off'], default: 'off' },
      },
      'idempotency-key': {
        name: 'Idempotency-Key',
        in: 'header',
        description:
          'Of your own making, new for each new question. The same key with the same body gets the same run for 24 hours: joined while it goes on, told again once it has ended. With another body: 422.',
        schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
        example: '8e03978e-40d5-43dd-bc93-6894a57f9324',
      },
      'openai-organization': {
        name: 'OpenAI-Organization',
        in: 'header',
        description:
          'Id or slug of an org of yours, which the request is for: it is charged, or credited. `X-Org-Slug` is the same; where both come they must agree.',
        schema: { type: 'string' },
        example: 'acme',
      },
      'x-org-slug': {
        name: 'X-Org-Slug',
        in: 'header',
        description: 'As `OpenAI-Organization`.',
        schema: { type: 'string' },
        example: 'acme',
      },
      'payment-signature': {
        name: 'PAYMENT-SIGNATURE',
        in: 'header',
        description:
          'A signed payment of what `PAYMENT-REQUIRED` offers: base64 of the JSON of x402 v2. Its credits are there before the request is served. Where the operator lets it be, nothing else need tell who pays.',
        schema: { type: 'string' },
      },
      'x-request-id': {
        name: 'x-request-id',
        in: 'header',
        description: 'An id of your own, found again in the reply and in the log.',
        schema: { type: 'string', pattern: '^[\\w.-]{1,128}$' },
      },
    },
    headers: {
      'x-request-id': { description: 'Names this request in the log.', schema: { type: 'string' } },
      'x-groundwire-run-id': { description: 'Names the run.', schema: { type: 'string' } },
      'x-groundwire-tools-left-out': {
        description: 'Types of tools that were offered, and that no model here can use.',
        schema: { type: 'string' },
      },
      'payment-required': {
        description:
          'What is to be paid, and how: base64 of the JSON of x402 v2. Absent where the gateway takes no payments by it.',
        schema: { type: 'string' },
      },
      'payment-response': {
        description: 'The receipt of what the request has paid: base64 of the JSON of x402 v2.',
        schema: { type: 'string' },
      },
      location: { description: 'Where the run is found.', schema: { type: 'string' } },
      'x-should-retry': { description: '`false` once the model had begun.', schema: { type: 'string' } },
      ...Object.fromEntries(
        RATE_HEADERS.map((name) => [
          name,
          {
            description: 'Of the limit that the caller is closest to; absent where there is none.',
            schema: { type: 'string' as const },
          },
        ]),
      ),
      'retry-after': { description: 'Seconds to wait, 1 to 60.', schema: { type: 'integer' } },
      'www-authenticate': { description: '`Bearer`', schema: { type: 'string' } },
      allow: { description: 'The methods there are.', schema: { type: 'string' } },
    },
    securitySchemes: {
      wallet: {
        type: 'apiKey',
        in: 'header',
        name: 'x-wallet-address',
        description:
          'A wallet address: 0x and 40 hexadecimal digits. It names the caller in free mode, and proves nothing; beside a key it must be the wallet of that.',
      },
      bearer: {
        type: 'http',
        scheme: 'bearer',
        description:
          'An API key (`gw_…`) or the session of a wallet (`gws_…`). In free mode any key will do: it names the caller where no wallet does.',
      },
      admin: { type: 'http', scheme: 'bearer', description: "The gateway's `ADMIN_KEY`." },
    },
  },
}

/** Zod bounds every integer by what a double can hold, which says nothing to a reader. */
function dropSafeBounds(schema: { minimum?: number; maximum?: number }): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum
}
