import { resolve } from 'node:path'
import { z } from 'zod'
import type { Rates } from './accounts/price.ts'
import { CHAIN_NAMES, CHAINS, type ChainName } from './chain/chain-list.ts'
import {
  chainList,
  httpUrl,
  int,
  modelSpec,
  ollamaUrl,
  ownHeader,
  payeeAddress,
  priceText,
  proxyList,
  publicUrl,
  switchOf,
  toWords,
  urlOf,
} from './env-fields.ts'

export type Config = {
  readonly host: string
  readonly port: number
  readonly logLevel: LogLevel
  readonly bodyLimitBytes: number
  readonly runTimeoutMs: number
  readonly holdBackTokens: number
  /** How long running answers, and a worker's runs, may go on once the process is told to stop. */
  readonly drainMs: number
  /** What this process does: serve requests, work on queued runs, or both. */
  readonly role: Role
  readonly dataDir: string
  /** Undefined: the embedded server, in `dataDir`. */
  readonly databaseUrl: string | undefined
  /** Undefined: the queue is in the store's Postgres. */
  readonly redisUrl: string | undefined
  readonly toolsDir: string
  readonly promptsDir: string
  readonly ollamaBaseUrl: string
  readonly ollamaContextTokens: number
  readonly openaiBaseUrl: string | undefined
  readonly openaiApiKey: string | undefined
  /** `ollama:qwen3:8b`, `openai:gpt-4o-mini`, `rehearsal`, or `<LangChain provider>:<model>`. */
  readonly operatorModel: string
  /** As `operatorModel`, or `runpod:<model>`; undefined where there is no conductor. */
  readonly conductorModel: string | undefined
  /** Wall clock of a run of a queued model. */
  readonly conductorTimeoutMs: number
  readonly runpodBaseUrl: string
  readonly runpodEndpointId: string | undefined
  readonly runpodApiKey: string | undefined
  /** A `models.json`; takes the place of `operatorModel` and `conductorModel`. */
  readonly modelsFile: string | undefined
  /** How long a run may wait for a worker. */
  readonly queueTimeoutMs: number
  /** How long a blocking caller waits for a queued run, before it is told to ask again. */
  readonly waitTimeoutMs: number
  /** Queued runs that this process works on at once. */
  readonly workerConcurrency: number
  /** Queued runs of one caller that are worked on at once. */
  readonly runsPerCaller: number
  /** Queued runs of one caller that have not ended. */
  readonly pendingPerCaller: number
  /** Queued runs of all callers that have not ended. */
  readonly queueLimit: number
  /** Answers of one caller that are written in place at once. */
  readonly answersPerCaller: number
  /** How long a worker may be silent before another takes its runs. */
  readonly leaseMs: number
  /** How long an ended run can be asked for. */
  readonly runRetentionMs: number
  /** `host` or `host:port` that webhooks may reach though they are not public, or not https. */
  readonly egressAllow: readonly string[]
  /** Whether nothing is paid for: a claim names a caller. */
  readonly freeMode: boolean
  /** Opens the admin routes; they are closed without. */
  readonly adminKey: string | undefined
  /** A header that names the org to charge, beside `OpenAI-Organization` and `X-Org-Slug`. */
  readonly orgHeader: string | undefined
  /** Where callers reach the gateway, without a slash at the end; for sign-in and payments. Undefined: where it listens. */
  readonly publicUrl: string | undefined
  /** Addresses and CIDR ranges whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[]
  /** Of one caller; 0: no limit. */
  readonly requestsPerMinute: number
  readonly tokensPerMinute: number
  /** Of one org, all its members together. */
  readonly orgRequestsPerMinute: number
  /** Of one IP address, before anybody is asked who they are. */
  readonly ipRequestsPerMinute: number
  /** How long a wallet stays signed in. */
  readonly sessionMs: number
  /** What a model costs that says nothing of its own. */
  readonly defaultPrice: Rates | undefined
  /** Where deposits go, in lower case; undefined: none are watched for. */
  readonly treasuryAddress: string | undefined
  /** Chains on which deposits are watched for; the money of a test network is worth nothing, so it has to be named. */
  readonly depositChains: readonly ChainName[]
  /** Between looks for deposits. */
  readonly depositEveryMs: number
  /** Undefined: no payments by x402. */
  readonly x402: X402Config | undefined
  /** Chains a question may name. */
  readonly chains: readonly ChainName[]
  /** Own nodes by chain id, in order of preference; a chain without any uses viem's public ones. */
  readonly rpcUrls: Readonly<Record<number, readonly string[]>>
}

export type X402Config = {
  facilitatorUrl: string
  /** CAIP-2: `eip155:8453`. */
  network: `eip155:${number}`
  /** In lower case. */
  payTo: string
  /** Who names no caller may pay for a request: 402 in place of 401. */
  anonymous: boolean
}

export type LogLevel = (typeof LOG_LEVELS)[number]
export type Role = (typeof ROLES)[number]

/** One readable message with every complaint, fit for a terminal. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** @throws {@link ConfigError} that lists everything wrong with the environment at once. */
export function parseConfig(env: Record<string, string | undefined>): Config {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''))
  const parsed = Env.safeParse(set)
  const rpcUrls = parseRpcUrls(set)
  const complaints = [
    ...(parsed.success ? [] : parsed.error.issues.map(toComplaint)),
    ...rpcUrls.complaints,
    ...sharingComplaints(set),
    ...(parsed.success ? [...paymentComplaints(parsed.data), ...depositComplaints(parsed.data)] : []),
  ]
  if (!parsed.success || complaints.length > 0) {
    throw new ConfigError(`The environment needs a correction:\n${complaints.map((line) => `  ${line}`).join('\n')}`)
  }
  const { data } = parsed
  return Object.freeze({
    host: data.HOST,
    port: data.PORT,
    logLevel: data.LOG_LEVEL,
    bodyLimitBytes: data.BODY_LIMIT_BYTES,
    runTimeoutMs: data.RUN_TIMEOUT_MS,
    holdBackTokens: data.HOLD_BACK_TOKENS,
    drainMs: data.DRAIN_MS,
    role: data.ROLE,
    dataDir: resolve(data.DATA_DIR),
    databaseUrl: data.DATABASE_URL,
    redisUrl: data.REDIS_URL,
    toolsDir: resolve(data.TOOLS_DIR),
    promptsDir: resolve(data.PROMPTS_DIR),
    ollamaBaseUrl: data.OLLAMA_BASE_URL,
    ollamaContextTokens: data.OLLAMA_NUM_CTX,
    openaiBaseUrl: data.OPENAI_BASE_URL,
    openaiApiKey: data.OPENAI_API_KEY,
    operatorModel: data.OPERATOR_MODEL,
    conductorModel: data.CONDUCTOR_MODEL,
    conductorTimeoutMs: data.CONDUCTOR_TIMEOUT_MS,
    runpodBaseUrl: data.RUNPOD_BASE_URL,
    runpodEndpointId: data.RUNPOD_ENDPOINT_ID,
    runpodApiKey: data.RUNPOD_API_KEY,
    modelsFile: data.MODELS_FILE === undefined ? undefined : resolve(data.MODELS_FILE),
    queueTimeoutMs: data.QUEUE_TIMEOUT_MS,
    waitTimeoutMs: data.WAIT_TIMEOUT_MS,
    workerConcurrency: data.WORKER_CONCURRENCY,
    runsPerCaller: data.RUNS_PER_CALLER,
    pendingPerCaller: data.PENDING_PER_CALLER,
    queueLimit: data.QUEUE_LIMIT,
    answersPerCaller: data.ANSWERS_PER_CALLER,
    leaseMs: data.LEASE_MS,
    runRetentionMs: data.RUN_RETENTION_HOURS * 3_600_000,
    egressAllow: Object.freeze(data.EGRESS_ALLOW),
    freeMode: data.FREE_MODE,
    adminKey: data.ADMIN_KEY,
    orgHeader: data.ORG_HEADER,
    publicUrl: data.PUBLIC_URL,
    trustedProxies: Object.freeze(data.TRUSTED_PROXIES),
    requestsPerMinute: data.REQUESTS_PER_MINUTE,
    tokensPerMinute: data.TOKENS_PER_MINUTE,
    orgRequestsPerMinute: data.ORG_REQUESTS_PER_MINUTE,
    ipRequestsPerMinute: data.IP_REQUESTS_PER_MINUTE,
    sessionMs: data.SESSION_MINUTES * 60_000,
    defaultPrice: data.DEFAULT_PRICE,
    treasuryAddress: data.TREASURY_ADDRESS,
    depositChains: Object.freeze(data.DEPOSIT_CHAINS ?? data.CHAINS.filter((name) => CHAINS[name].testnet !== true)),
    depositEveryMs: data.DEPOSIT_EVERY_MS,
    x402: toX402(data),
    chains: Object.freeze(data.CHAINS),
    rpcUrls: Object.freeze(rpcUrls.byChainId),
  })
}

const ROLES = ['all', 'gateway', 'worker'] as const
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

const Env = z.object({
  HOST: z.string().trim().default('127.0.0.1'),
  PORT: int(0, 65_535).default(8787),
  LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  BODY_LIMIT_BYTES: int(1_024, 1_073_741_824).default(10 * 1024 * 1024),
  RUN_TIMEOUT_MS: int(1_000, 3_600_000).default(120_000),
  HOLD_BACK_TOKENS: int(0, 1_000).default(24),
  DRAIN_MS: int(0, 3_600_000).default(20_000),
  ROLE: z.enum(ROLES, { error: `must be one of ${ROLES.join(', ')}` }).default('all'),
  DATABASE_URL: urlOf(/^postgres(ql)?:$/, 'postgres://').optional(),
  REDIS_URL: urlOf(/^rediss?:$/, 'redis:// or rediss://').optional(),
  DATA_DIR: z.string().default('.groundwire'),
  TOOLS_DIR: z.string().default('tools'),
  PROMPTS_DIR: z.string().default('prompts'),
  OLLAMA_BASE_URL: ollamaUrl.default('http://127.0.0.1:11434'),
  OLLAMA_NUM_CTX: int(2_048, 1_048_576).default(16_384),
  OPENAI_BASE_URL: httpUrl.optional(),
  OPENAI_API_KEY: z.string().optional(),
  OPERATOR_MODEL: modelSpec.default('ollama:qwen3:8b'),
  CONDUCTOR_MODEL: modelSpec.optional(),
  CONDUCTOR_TIMEOUT_MS: int(1_000, 7_200_000).default(600_000),
  RUNPOD_BASE_URL: httpUrl.default('https://api.runpod.ai/v2'),
  RUNPOD_ENDPOINT_ID: z
    .string()
    .trim()
    .regex(/^[\w-]{1,64}$/, 'must be the id of an endpoint, as RunPod shows it')
    .optional(),
  RUNPOD_API_KEY: z.string().trim().optional(),
  MODELS_FILE: z.string().trim().optional(),
  QUEUE_TIMEOUT_MS: int(1_000, 86_400_000).default(900_000),
  WAIT_TIMEOUT_MS: int(1_000, 3_600_000).default(290_000),
  WORKER_CONCURRENCY: int(1, 1_000).default(16),
  RUNS_PER_CALLER: int(1, 1_000).default(8),
  PENDING_PER_CALLER: int(1, 100_000).default(100),
  QUEUE_LIMIT: int(1, 1_000_000).default(1_000),
  ANSWERS_PER_CALLER: int(1, 100_000).default(128),
  LEASE_MS: int(500, 600_000).default(8_000),
  RUN_RETENTION_HOURS: int(1, 8_760).default(24),
  EGRESS_ALLOW: z.string().transform(toWords).default([]),
  CHAINS: chainList.default([...CHAIN_NAMES]),
  FREE_MODE: switchOf('FREE_MODE').default(true),
  ADMIN_KEY: z
    .string()
    .trim()
    .regex(/^[\x21-\x7e]{16,256}$/, 'must be 16 to 256 printable characters without spaces')
    .optional(),
  ORG_HEADER: ownHeader.optional(),
  PUBLIC_URL: publicUrl.optional(),
  TRUSTED_PROXIES: proxyList.default([]),
  REQUESTS_PER_MINUTE: int(0, 1_000_000).default(0),
  TOKENS_PER_MINUTE: int(0, 1_000_000_000).default(0),
  ORG_REQUESTS_PER_MINUTE: int(0, 1_000_000).default(0),
  IP_REQUESTS_PER_MINUTE: int(0, 1_000_000).default(0),
  SESSION_MINUTES: int(1, 1_440).default(60),
  DEFAULT_PRICE: priceText.optional(),
  TREASURY_ADDRESS: payeeAddress.optional(),
  DEPOSIT_CHAINS: chainList.optional(),
  DEPOSIT_EVERY_MS: int(200, 3_600_000).default(15_000),
  X402_FACILITATOR_URL: httpUrl.optional(),
  X402_NETWORK: z
    .string()
    .trim()
    .regex(/^eip155:[1-9]\d{0,15}$/, 'must name a chain by its id: eip155:8453')
    .transform((text) => text as `eip155:${number}`)
    .default('eip155:8453'),
  X402_PAY_TO: payeeAddress.optional(),
  X402_ANONYMOUS: switchOf('X402_ANONYMOUS').default(false),
})

function toX402(data: z.infer<typeof Env>): X402Config | undefined {
  const { X402_FACILITATOR_URL: facilitatorUrl, X402_PAY_TO: payTo = data.TREASURY_ADDRESS } = data
  if (facilitatorUrl === undefined || payTo === undefined) return undefined
  return Object.freeze({ facilitatorUrl, network: data.X402_NETWORK, payTo, anonymous: data.X402_ANONYMOUS })
}

function paymentComplaints(data: z.infer<typeof Env>): readonly string[] {
  const { X402_FACILITATOR_URL, X402_PAY_TO, X402_ANONYMOUS, TREASURY_ADDRESS } = data
  if (X402_FACILITATOR_URL === undefined) {
    const alone = X402_PAY_TO !== undefined ? 'X402_PAY_TO' : X402_ANONYMOUS ? 'X402_ANONYMOUS' : undefined
    return alone === undefined ? [] : [`X402_FACILITATOR_URL: must be set with ${alone}: no payment is taken without`]
  }
  if ((X402_PAY_TO ?? TREASURY_ADDRESS) !== undefined) return []
  return ['X402_PAY_TO: must be set with X402_FACILITATOR_URL, or TREASURY_ADDRESS: payments go there']
}

function depositComplaints({ DEPOSIT_CHAINS = [], CHAINS: enabled }: z.infer<typeof Env>): readonly string[] {
  const others = DEPOSIT_CHAINS.filter((name) => !enabled.includes(name))
  return others.length === 0 ? [] : [`DEPOSIT_CHAINS: ${others.join(', ')} must be among CHAINS as well`]
}

/** The embedded Postgres is one process's own: nobody else would see its runs. */
function sharingComplaints({ ROLE, DATABASE_URL }: Record<string, string | undefined>): readonly string[] {
  const shares = ROLE === 'gateway' || ROLE === 'worker'
  if (!shares || DATABASE_URL !== undefined) return []
  return [`DATABASE_URL: must be set with ROLE=${ROLE}: gateways and workers share one Postgres`]
}

const RPC_URL = /^RPC_URL_(.*)$/

function parseRpcUrls(env: Record<string, string | undefined>): {
  byChainId: Record<number, readonly string[]>
  complaints: string[]
} {
  const known = new Set<number>(CHAIN_NAMES.map((name) => CHAINS[name].id))
  const byChainId: Record<number, readonly string[]> = {}
  const complaints: string[] = []
  for (const [key, value] of Object.entries(env)) {
    const suffix = RPC_URL.exec(key)?.[1]
    if (suffix === undefined || value === undefined) continue
    const chainId = Number(suffix)
    if (!known.has(chainId) || String(chainId) !== suffix) {
      complaints.push(`${key}: '${suffix}' is not the id of a known chain; known: ${[...known].join(', ')}`)
      continue
    }
    const urls = toWords(value)
    // The value may hold an API key, so a complaint never repeats it.
    if (urls.length === 0 || urls.some((url) => !/^https?:$/.test(URL.parse(url)?.protocol ?? ''))) {
      complaints.push(`${key}: must be a comma-separated list of http:// or https:// URLs`)
    }
    byChainId[chainId] = urls
  }
  return { byChainId, complaints }
}

function toComplaint(issue: z.core.$ZodIssue): string {
  return `${issue.path.join('.')}: ${issue.message}`
}
