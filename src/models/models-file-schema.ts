import { z } from 'zod'
import { type ModelSpec, parseModelSpec } from './model-spec.ts'
import type { LookUp } from './models-file.ts'
import { splitProviderId } from './provider-id.ts'
import { DEFAULT_RETRY_ON } from './routing/routed-model.ts'

export type RawModelsFile = z.infer<ReturnType<typeof modelsFileSchema>>
export type RawBackend = RawModelsFile['models'][string]['backends'][number]

/** @param providerIds - of the same file: what its backends may `use`. */
export function modelsFileSchema({ lookUp, providerIds }: { lookUp: LookUp; providerIds: readonly string[] }) {
  const apiKey = z
    .string()
    // No complaint repeats what may be the key itself.
    .regex(NAME, 'must be the NAME of an environment variable that holds the key, such as VLLM_API_KEY')
    .refine((name) => !NAME.test(name) || Boolean(lookUp(name)?.trim()), {
      error: ({ input }) => `${input} is not set`,
    })
    .transform((name) => lookUp(name)?.trim())

  const backend = z
    .strictObject({
      use: z
        .string()
        .trim()
        .min(1, 'must name a model: ollama:qwen3:8b')
        .refine((use) => !use.endsWith(':'), 'names no model'),
      name: printable(128).optional(),
      weight: z.number().min(0, 'must be 0 or more').max(1_000_000, 'must be 1000000 at most').optional(),
      baseUrl: baseUrl.optional(),
      apiKeyEnv: apiKey.optional(),
      endpointId: endpointId.optional(),
      concurrency: int(1, 100_000).optional(),
      contextTokens: int(1_024, 100_000_000).optional(),
      timeouts: z
        .strictObject({
          connectMs: int(1, 600_000).optional(),
          firstTokenMs: int(1, 7_200_000).optional(),
          idleMs: int(1, 7_200_000).optional(),
        })
        .optional(),
      capabilities: z.strictObject({ tools: z.boolean().default(true), json: z.boolean().default(true) }).optional(),
    })
    .superRefine(({ use, ...rest }, context) => {
      const isOfProvider = splitProviderId(use, providerIds) !== undefined
      const type = isOfProvider ? 'of the file' : parseModelSpec(use).type
      for (const key of WITHOUT_EFFECT[type]) {
        if (rest[key] === undefined) continue
        const where = isOfProvider ? `is said once, at the provider of '${use}'` : `has no effect on '${use}'`
        context.addIssue({ code: 'custom', path: [key], message: where })
      }
      if (type === 'ollama' && rest.baseUrl !== undefined) refuseV1(rest.baseUrl, context)
    })

  const price = z.strictObject({
    promptPerMillion: microCredits,
    completionPerMillion: microCredits,
    cachedPerMillion: microCredits.exactOptional(),
    perRun: microCredits.exactOptional(),
  })

  const model = z.strictObject({
    backends: z.array(backend).min(1, 'must hold at least one').superRefine(checkTogether),
    queued: z.boolean().default(false),
    stream: z.enum(['allow', 'refuse'], "must be 'allow' or 'refuse'").default('allow'),
    retryOn: z.array(z.enum(KINDS, `must be one of ${KINDS.join(', ')}`)).default([...DEFAULT_RETRY_ON]),
    limits: z
      .strictObject({ runTimeoutMs: int(1_000, 7_200_000).optional(), answerTokens: int(1, 10_000_000).optional() })
      .optional(),
    price: price.optional(),
  })

  const provider = z
    .strictObject({
      type: z.enum(['openai', 'ollama', 'runpod'], "must be 'openai', 'ollama' or 'runpod'"),
      baseUrl,
      apiKeyEnv: apiKey.optional(),
      endpointId: endpointId.optional(),
      models: z
        .array(printable(256))
        .min(1, "must name models, or be ['*']")
        .refine((names) => !names.includes('*') || names.length === 1, "must be ['*'] alone, or names"),
      price: price.optional(),
    })
    .superRefine(({ type, endpointId, apiKeyEnv, baseUrl }, context) => {
      const complain = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
      if (type === 'runpod' && endpointId === undefined) complain('endpointId', 'is missing')
      if (type === 'runpod' && apiKeyEnv === undefined) complain('apiKeyEnv', 'is missing')
      if (type !== 'runpod' && endpointId !== undefined) complain('endpointId', `has no effect on type '${type}'`)
      if (type === 'ollama' && apiKeyEnv !== undefined) complain('apiKeyEnv', `has no effect on type '${type}'`)
      if (type === 'ollama') refuseV1(baseUrl, context)
    })

  return z.strictObject({
    toolPrices: z.record(printable(64), microCredits).default({}),
    models: z
      .record(printable(128), model)
      .refine((models) => Object.keys(models).length > 0, 'must hold at least one')
      .superRefine(checkNames),
    providers: z
      .record(
        z
          .string()
          .regex(
            /^[^\p{Cc}\s](?:[^\p{Cc}]{0,1022}[^\p{Cc}\s])?$/u,
            'must be 1 to 1024 characters without control characters',
          ),
        provider,
      )
      .default({}),
  })
}

const NAME = /^[A-Z_][A-Z0-9_]*$/
const KINDS = ['down', 'busy', 'warming', 'timeout', 'failed'] as const

type ServerKey =
  | 'baseUrl'
  | 'apiKeyEnv'
  | 'endpointId'
  | 'concurrency'
  | 'contextTokens'
  | 'timeouts'
  | 'capabilities'
  | 'weight'

/** What a backend of a kind has no use for. */
const WITHOUT_EFFECT: Record<ModelSpec['type'] | 'of the file', readonly ServerKey[]> = {
  ollama: ['apiKeyEnv', 'endpointId'],
  openai: ['endpointId'],
  runpod: [],
  provider: ['baseUrl', 'endpointId'],
  rehearsal: [
    'baseUrl',
    'apiKeyEnv',
    'endpointId',
    'concurrency',
    'contextTokens',
    'timeouts',
    'capabilities',
    'weight',
  ],
  'of the file': ['baseUrl', 'apiKeyEnv', 'endpointId'],
}

const printable = (most: number) =>
  z.string().regex(new RegExp(`^[\\x21-\\x7e]{1,${most}}$`), `must be 1 to ${most} printable characters without spaces`)

const endpointId = z.string().regex(/^[\w-]{1,64}$/, 'must be the id of an endpoint, as RunPod shows it')

const int = (min: number, max: number) => {
  const range = `must be ${min} to ${max}`
  return z.int('must be a whole number').min(min, range).max(max, range)
}

const microCredits = z.int('must be a whole number').min(0, 'must be 0 or more').transform(BigInt)

const baseUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
  .refine((url) => !hasCredentials(url), 'must hold no password: apiKeyEnv names the variable that holds the key')
  .transform((url) => url.replace(/\/+$/, ''))

function hasCredentials(url: string): boolean {
  const { username = '', password = '' } = URL.parse(url) ?? {}
  return username !== '' || password !== ''
}

function refuseV1(url: string, context: z.RefinementCtx): void {
  if (!url.endsWith('/v1')) return
  context.addIssue({ code: 'custom', path: ['baseUrl'], message: "must be Ollama's own address: leave out the /v1" })
}

/** Nobody is to take another model for the rehearsal model. */
function checkNames(models: Record<string, { backends: readonly { use: string }[] }>, context: z.RefinementCtx): void {
  const uses = models.rehearsal?.backends.map(({ use }) => use) ?? []
  if (uses.some((use) => use !== 'rehearsal')) {
    context.addIssue({ code: 'custom', path: ['rehearsal'], message: 'is the name of the rehearsal model alone' })
  }
}

/** What the backends of one model must have in common. */
function checkTogether(
  backends: readonly { use: string; name?: string | undefined; weight?: number | undefined }[],
  context: z.RefinementCtx,
): void {
  const names = new Set<string>()
  for (const [at, { use, name = use }] of backends.entries()) {
    if (names.has(name)) {
      context.addIssue({ code: 'custom', path: [at, 'name'], message: `must tell it from the other '${name}'` })
    }
    names.add(name)
    if (use === 'rehearsal' && backends.length > 1) {
      context.addIssue({
        code: 'custom',
        path: [at, 'use'],
        message: 'the rehearsal model stands in for no other: it serves alone',
      })
    }
  }
  if (backends.length > 0 && backends.every(({ weight }) => weight === 0)) {
    context.addIssue({ code: 'custom', message: 'all have weight 0' })
  }
}
