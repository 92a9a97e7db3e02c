import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a worker makes of one job; without `output`, vLLM's own answer around `text` and `toolCalls`. */
export type RunpodReply = {
  text?: string
  reasoning?: string
  /** `arguments` may be a string, broken JSON included. */
  toolCalls?: readonly { name: string; arguments?: unknown; id?: string }[]
  finish?: string | null
  usage?: { promptTokens: number; completionTokens: number } | null
  /** The job's output as it is, `undefined` included: any shape, also that of an error. */
  output?: unknown
  /** The job ends FAILED with these words. */
  error?: string
  /** The job ends so, with nothing. */
  state?: 'TIMED_OUT' | 'CANCELLED'
  /** How long the worker works on it. */
  takesMs?: number
  /** The worker works on it until it is cancelled, or its time is over. */
  neverEnds?: boolean
}

export type RunpodRequest = {
  /** Of the job. */
  id: string
  /** The chat completion that is asked for: `input.openai_input`. */
  // biome-ignore lint/suspicious/noExplicitAny: specs read it like the JSON it is
  body: any
  /** All that was posted. */
  // biome-ignore lint/suspicious/noExplicitAny: the same
  posted: any
}

export type RunpodScript = readonly RunpodReply[] | ((request: RunpodRequest) => RunpodReply | Promise<RunpodReply>)

export type RunpodJob = RunpodRequest & {
  /** IN_QUEUE, IN_PROGRESS, COMPLETED, FAILED, CANCELLED, TIMED_OUT; another where a spec says so. */
  state: string
  output?: unknown
  error?: string
  /** How often its status was asked for. */
  polls: number
  submittedAtMs: number
  startedAtMs: number | undefined
  endedAtMs: number | undefined
}

export type RunpodWorkers = {
  idle: number
  initializing: number
  ready: number
  running: number
  throttled: number
  unhealthy: number
}

/** In place of an answer: a status and a body, no answer at all, a cut connection; `cutAfter` does what was asked for first. */
export type RunpodFault = { status: number; body?: unknown } | 'hang' | 'cut' | 'cutAfter'

export type ScriptedRunpodOptions = {
  /** Default `rp-test`; any other key is a 401. */
  apiKey?: string
  /** Default `ep-test`; any other endpoint is a 404. */
  endpointId?: string
  /** Workers that are up, and as many jobs at once. Default 3; 0 is an endpoint that sleeps. */
  awake?: number
  /** What a sleeping endpoint needs to start, once it has a job. Default: it never does by itself; see `wake`. */
  bootMs?: number
  /** How many workers a waking endpoint gets. Default 3. */
  mostWorkers?: number
  /** How long a result can be asked for. Default: 30 minutes, as with RunPod. */
  keepMs?: number
  /** Requests to `/run`, `/status` and `/cancel` within 10 s; more are a 429. */
  limits?: Partial<Record<'run' | 'status' | 'cancel', number>>
  /** Spoils a request. */
  fault?: (request: { operation: RunpodOperation; jobId: string | undefined }) => RunpodFault | undefined
  /** What health says in place of the truth. */
  health?: () => Partial<RunpodWorkers> | undefined
}

export type RunpodOperation = 'run' | 'status' | 'cancel' | 'health' | 'other'

export type ScriptedRunpod = {
  /** The base URL, without the endpoint and a trailing slash. */
  readonly url: string
  /** All requests, also refused and spoilt ones, in order of arrival. */
  readonly requests: readonly { operation: RunpodOperation; jobId: string | undefined; atMs: number }[]
  /** In the order of their submission; those that were forgotten are left in. */
  readonly jobs: readonly RunpodJob[]
  count(operation: RunpodOperation): number
  /** This many workers are up from now on: 0 puts the endpoint to sleep. */
  setAwake(workers: number): void
  /** Workers start, and are not up yet. */
  setStarting(workers: number): void
  /** Ends a job's life at RunPod: from now on it is a 404. */
  forget(jobId: string): void
  close(): Promise<void>
}

/** A loopback server that speaks RunPod's job API for one endpoint with a worker of vLLM, and does what `script` says. */
export async function scriptedRunpod(
  script: RunpodScript,
  {
    apiKey = 'rp-test',
    endpointId = 'ep-test',
    awake = 3,
    bootMs,
    mostWorkers = 3,
    keepMs = 1_800_000,
    limits = {},
    fault = () => undefined,
    health = () => undefined,
  }: ScriptedRunpodOptions = {},
): Promise<ScriptedRunpod> {
  const requests: { operation: RunpodOperation; jobId: string | undefined; atMs: number }[] = []
  const jobs: RunpodJob[] = []
  const forgotten = new Set<string>()
  const timers = new Set<NodeJS.Timeout>()
  let workers = awake
  let starting = 0
  let used = 0

  function later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      act()
    }, ms)
    timers.add(timer)
  }

  const withState = (state: string) => jobs.filter((job) => job.state === state && !forgotten.has(job.id))

  function schedule(): void {
    if (workers === 0 && starting === 0 && bootMs !== undefined && withState('IN_QUEUE').length > 0) {
      starting = 1
      later(bootMs, () => setAwake(mostWorkers))
    }
    for (const job of withState('IN_QUEUE').slice(0, Math.max(0, workers - withState('IN_PROGRESS').length))) {
      void start(job)
    }
  }

  function setAwake(count: number): void {
    workers = count
    starting = 0
    schedule()
  }

  async function start(job: RunpodJob): Promise<void> {
    job.state = 'IN_PROGRESS'
    job.startedAtMs = Date.now()
    const { executionTimeout = 600_000 } = job.posted.policy ?? {}
    later(executionTimeout, () => end(job, { state: 'TIMED_OUT' }))
    const reply = typeof script === 'function' ? await script(job) : script[used++]
    if (reply?.neverEnds) return
    if (reply?.takesMs === undefined) end(job, reply ?? { error: 'the script has no reply left' })
    else later(reply.takesMs, () => end(job, reply))
  }

  function end(job: RunpodJob, reply: RunpodReply): void {
    if (job.state !== 'IN_PROGRESS') return
    job.state = reply.state ?? (reply.error === undefined ? 'COMPLETED' : 'FAILED')
    if (reply.error !== undefined) job.error = reply.error
    else if (reply.state === undefined) job.output = 'output' in reply ? reply.output : [toCompletion(reply, job.body)]
    close(job)
    schedule()
  }

  function close(job: RunpodJob): void {
    job.endedAtMs = Date.now()
    later(keepMs, () => forgotten.add(job.id))
  }

  // biome-ignore lint/suspicious/noExplicitAny: the body is whatever the caller sent
  function submit(posted: any): { id: string; status: string } {
    const id = `${randomUUID()}-u1`
    const body = posted.input.openai_input
    jobs.push({
      id,
      body,
      posted,
      state: 'IN_QUEUE',
      polls: 0,
      submittedAtMs: Date.now(),
      startedAtMs: undefined,
      endedAtMs: undefined,
    })
    later(posted.policy?.ttl ?? 86_400_000, () => forgotten.add(id))
    setImmediate(schedule)
    return { id, status: 'IN_QUEUE' }
  }

  function toHealth() {
    const running = withState('IN_PROGRESS').length
    const counts = { completed: withState('COMPLETED').length, failed: withState('FAILED').length, retried: 0 }
    const idle = Math.max(0, workers - running)
    const truth = { idle, initializing: starting, ready: idle, running, throttled: 0, unhealthy: 0 }
    return {
      jobs: { ...counts, inProgress: running, inQueue: withState('IN_QUEUE').length },
      workers: { ...truth, ...health() },
    }
  }

  function isLimited(operation: RunpodOperation): boolean {
    const limit = operation === 'health' || operation === 'other' ? undefined : limits[operation]
    if (limit === undefined) return false
    const since = Date.now() - 10_000
    const recent = requests.filter((request) => request.operation === operation && request.atMs > since)
    return recent.length > limit
  }

  function answer({ operation, jobId, method, text }: Asked): Answer {
    const job = jobs.find(({ id }) => id === jobId && !forgotten.has(id))
    switch (operation) {
      case 'run': {
        if (method !== 'POST') return { status: 405, body: { error: 'method not allowed' } }
        if (Buffer.byteLength(text) > 10_485_760) return { status: 400, body: { error: 'request body is too large' } }
        const fault = faultOf(text)
        if (fault !== undefined) return { status: 400, body: { error: fault } }
        return { status: 200, body: submit(JSON.parse(text)) }
      }
      case 'status': {
        if (job === undefined) return { status: 404, body: { error: 'job not found' } }
        job.polls++
        return { status: 200, body: toStatus(job) }
      }
      case 'cancel': {
        if (method !== 'POST') return { status: 405, body: { error: 'method not allowed' } }
        if (job === undefined) return { status: 404, body: { error: 'job not found' } }
        if (job.endedAtMs === undefined) {
          job.state = 'CANCELLED'
          close(job)
          setImmediate(schedule)
        }
        return { status: 200, body: { id: job.id, status: job.state } }
      }
      case 'health':
        return { status: 200, body: toHealth() }
      case 'other':
        return { status: 404, body: { error: 'not found' } }
      default:
        throw operation satisfies never
    }
  }

  const server = createServer(async (req, res) => {
    res.on('error', () => undefined)
    const asked = await read(req, endpointId)
    const { operation, jobId } = asked
    requests.push({ operation, jobId, atMs: Date.now() })
    if (req.headers.authorization !== `Bearer ${apiKey}`) return send(res, { status: 401, body: 'Unauthorized' })
    const spoilt = fault({ operation, jobId })
    if (spoilt === 'hang') return
    if (spoilt === 'cut') return res.socket?.destroy()
    if (typeof spoilt === 'object') return send(res, { body: { error: 'scripted failure' }, ...spoilt })
    if (isLimited(operation)) return send(res, { status: 429, body: { error: 'too many requests' } })
    const answered = answer(asked)
    if (spoilt === 'cutAfter') return res.socket?.destroy()
    send(res, answered)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    jobs,
    count: (operation) => requests.filter((request) => request.operation === operation).length,
    setAwake,
    setStarting(count) {
      starting = count
    },
    forget: (jobId) => forgotten.add(jobId),
    async close() {
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
      if (!server.listening) return
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

type Asked = { operation: RunpodOperation; jobId: string | undefined; method: string; text: string }
type Answer = { status: number; body: unknown }

async function read(req: IncomingMessage, endpointId: string): Promise<Asked> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk)
  const { pathname } = new URL(req.url ?? '/', 'http://x')
  const [, endpoint, operation = '', jobId] = pathname.split('/')
  const isKnown = endpoint === endpointId && OPERATIONS.has(operation)
  return {
    operation: isKnown ? (operation as RunpodOperation) : 'other',
    jobId: jobId === undefined ? undefined : decodeURIComponent(jobId),
    method: req.method ?? '',
    text: Buffer.concat(chunks).toString(),
  }
}

const OPERATIONS = new Set(['run', 'status', 'cancel', 'health'])

function send(res: ServerResponse, { status, body }: Answer): void {
  if (typeof body === 'string') res.writeHead(status, { 'content-type': 'text/plain' }).end(body)
  else res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** What RunPod, or the worker's own schema, would not take. */
function faultOf(text: string): string | undefined {
  try {
    const { input, policy } = JSON.parse(text)
    if (typeof input !== 'object' || input === null) return 'input is required'
    if (input.openai_route !== '/v1/chat/completions') return `no such route: ${input.openai_route}`
    if (!Array.isArray(input.openai_input?.messages)) return 'messages are required'
    if (policy?.executionTimeout !== undefined && policy.executionTimeout < 5_000)
      return 'executionTimeout is too short'
    if (policy?.ttl !== undefined && (policy.ttl < 10_000 || policy.ttl > 604_800_000)) return 'ttl is out of range'
    return undefined
  } catch {
    return 'body is not JSON'
  }
}

function toStatus({ id, state, output, error, submittedAtMs, startedAtMs, endedAtMs }: RunpodJob) {
  return {
    id,
    status: state,
    ...(startedAtMs === undefined ? {} : { delayTime: startedAtMs - submittedAtMs, workerId: 'w1' }),
    ...(startedAtMs === undefined || endedAtMs === undefined ? {} : { executionTime: endedAtMs - startedAtMs }),
    ...(output === undefined ? {} : { output }),
    ...(error === undefined ? {} : { error }),
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the body is whatever the caller sent
function toCompletion({ text, reasoning, toolCalls, finish, usage }: RunpodReply, body: any) {
  const { promptTokens, completionTokens } = usage ?? { promptTokens: 26, completionTokens: 7 }
  return {
    id: 'chatcmpl-scripted',
    object: 'chat.completion',
    created: 1_767_225_600,
    model: body.model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: text ?? null,
          ...(reasoning === undefined ? {} : { reasoning_content: reasoning }),
          tool_calls: (toolCalls ?? []).map(({ id = `chatcmpl-tool-${randomUUID()}`, name, arguments: args = {} }) => ({
            id,
            type: 'function',
            function: { name, arguments: typeof args === 'string' ? args : JSON.stringify(args) },
          })),
        },
        logprobs: null,
        finish_reason: finish === undefined ? (toolCalls?.length ? 'tool_calls' : 'stop') : finish,
      },
    ],
    usage:
      usage === null
        ? null
        : {
            prompt_tokens: promptTokens,
            completion_tokens: completionTokens,
            total_tokens: promptTokens + completionTokens,
          },
  }
}
