import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import type { Identity } from '../../src/accounts/identity.ts'
import { createRunTill } from '../../src/accounts/ledger/create-run-till.ts'
import { ContextLengthError } from '../../src/errors.ts'
import { ERROR_REPLIES } from '../../src/http/openapi/error-replies.ts'
import { listen } from '../../src/http/transport/listen.ts'
import { createOllamaModel } from '../../src/models/ollama.ts'
import { createBilling } from '../../src/runs/billing.ts'
import type { ExecuteRun } from '../../src/runs/run.ts'
import { startAgentGateway } from '../support/agent-gateway.ts'
import { responsesOf } from '../support/ask-responses.ts'
import { testDatabase } from '../support/database.ts'
import { HELLO, idleModel, says, startHttp, toModels, WALLET } from '../support/http-gateway.ts'
import { type RawReply, sendRaw } from '../support/raw-http.ts'
import { startRunDesk, submitRun } from '../support/run-desk.ts'
import type { ScriptedReply } from '../support/scripted-backend.ts'
import { scriptedOllama } from '../support/scripted-ollama.ts'

type Answer = { status: number; body: string }

/** What leads to each of the errors that the document shows. */
const PROVOKED: Record<string, () => Promise<Answer>> = {
  '400 missing': () => askHttp({}),
  '400 too_long': () => askHttp(HELLO, fails(new ContextLengthError({ limitTokens: 16_384, promptTokens: 20_000 }))),
  '400 twice': () => sendHead('GET /v1/models', 'authorization: Bearer a', 'authorization: Bearer b'),
  '401 nobody': () => sendHead('GET /v1/models'),
  '402 credits': askWithoutCredits,
  '403 model': () => askConfined({ ...HELLO, model: 'rehearsal' }),
  '404 model': () => askHttp({ ...HELLO, model: 'gpt-4o' }),
  '404 run': () => askDesk('GET', '/run_4f1d2c3b4a5968778695a4b3'),
  '404 route': () => sendHead('POST /chat/completions'),
  '405 method': () => sendHead('PUT /health'),
  '408 slow': sendTooSlowly,
  '409 not_ended': deleteTooEarly,
  '413 large': () =>
    sendHead(
      'POST /v1/chat/completions',
      `x-wallet-address: ${WALLET}`,
      'content-type: application/json',
      `content-length: ${10 * 1024 * 1024 + 1}`,
    ),
  '415 type': () => sendHead('POST /v1/chat/completions', `x-wallet-address: ${WALLET}`, 'content-length: 1', '', '{'),
  '422 key_reused': reuseKey,
  '429 busy': askTooOften,
  '431 headers': () => sendHead('GET /health', `cookie: ${'x'.repeat(20_000)}`),
  '500 fault': () => askHttp(HELLO, fails(new Error('a bug'))),
  '502 down': askNobody,
  '502 warming': () => askOllama({ status: 503, error: 'llm server loading model' }),
  '503 busy': () =>
    askOllama({ status: 503, error: 'server busy, please try again.  maximum pending requests exceeded' }),
  '503 store': askWithoutStore,
  '504 slow': () => askOllama({ hang: true }, { firstTokenTimeoutMs: 100 }),
}

const EXAMPLES = Object.entries(ERROR_REPLIES).flatMap(([status, reply]) =>
  Object.entries(reply.content['application/json'].examples).map(([name, { value }]) => ({
    name: `${status} ${name}`,
    status: Number(status),
    body: value,
  })),
)

test.each(EXAMPLES)('§1.8 an error that the document shows is what the gateway says: $name', async (example) => {
  const { status, body } = (await PROVOKED[example.name]?.()) ?? expect.fail('nothing leads to it')
  expect({ status, body: JSON.parse(body) }).toEqual({ status: example.status, body: example.body })
})

const fails = (error: Error): ExecuteRun =>
  // biome-ignore lint/correctness/useYield: it fails before there is anything to tell
  async function* () {
    throw error
  }

const startGateway = (executeRun: ExecuteRun, { durable = false } = {}) =>
  startHttp(executeRun, {
    durable,
    models: toModels(['operator', 'rehearsal'].map((id) => ({ id, model: idleModel(id) }))),
    settings: { bodyLimitBytes: 10 * 1024 * 1024 },
  })

async function askHttp(body: object, executeRun = says('never')): Promise<Answer> {
  return toAnswer(await (await startGateway(executeRun)).ask(body))
}

async function sendHead(start: string, ...lines: readonly string[]): Promise<RawReply> {
  const { url } = await startGateway(says('never'))
  return sendRaw(url, [`${start} HTTP/1.1`, 'connection: close', ...lines, '', ''].join('\r\n'))
}

async function sendTooSlowly(): Promise<RawReply> {
  const limits = { headersTimeout: 50, requestTimeout: 100, connectionsCheckingInterval: 20 }
  const { url, close } = await listen(() => {}, { host: '127.0.0.1', port: 0, limits })
  onTestFinished(() => close(AbortSignal.abort()))
  return sendRaw(url, 'GET / HTTP/1.1\r\n')
}

async function askTooOften(): Promise<Answer> {
  const gateway = await startGateway(
    // biome-ignore lint/correctness/useYield: it never comes to tell anything
    async function* (_order, signal) {
      await once(signal, 'abort')
    },
    { durable: true },
  )
  const { send, cancel } = responsesOf(gateway)
  for (;;) {
    const response = await send('POST', '', { input: 'hello', background: true })
    if (response.status !== 200) return toAnswer(response)
    const { id } = (await response.json()) as { id: string }
    onTestFinished(() => cancel(id).then(() => {}))
  }
}

const keyOf = (identity: Partial<Identity>) => async (): Promise<Identity> => ({
  ...{ caller: 'acct_7k3m9x2qp4n8vtc5', credential: 'key', account: 'acct_7k3m9x2qp4n8vtc5', wallet: undefined },
  ...{
    key: { id: 'key_7k3m9x2qp4n8vtc5', name: 'mine' },
    org: undefined,
    payers: ['acct_7k3m9x2qp4n8vtc5'],
    scopes: {},
  },
  ...identity,
})

/** Through the ledger that is asked to hold what is not there. */
async function askWithoutCredits(): Promise<Answer> {
  const { db } = await testDatabase()
  const price = { promptPerMillion: 0n, completionPerMillion: 0n, perRun: 1_000n }
  const prompts = { system: '' }
  const billing = createBilling({
    till: createRunTill(db),
    toolPrices: {},
    tools: [],
    prompts,
  })
  const { ask } = await startHttp(says('never'), {
    models: toModels([{ id: 'operator', model: idleModel('operator'), price }]),
    billing,
    identify: keyOf({}),
    settings: { freeMode: false },
  })
  return toAnswer(await ask(HELLO))
}

async function askConfined(body: object): Promise<Answer> {
  const models = toModels(['operator', 'rehearsal'].map((id) => ({ id, model: idleModel(id) })))
  const { ask } = await startHttp(says('never'), { models, identify: keyOf({ scopes: { models: ['operator'] } }) })
  return toAnswer(await ask(body))
}

async function askDesk(method: string, path: string): Promise<Answer> {
  return toAnswer(await (await startRunDesk()).send(method, path))
}

async function deleteTooEarly(): Promise<Answer> {
  const desk = await startRunDesk()
  const { id } = await submitRun(desk)
  return toAnswer(await desk.send('DELETE', `/${id}`))
}

async function askWithoutStore(): Promise<Answer> {
  const desk = await startRunDesk()
  await desk.database.close()
  return toAnswer(await desk.send('GET', ''))
}

async function reuseKey(): Promise<Answer> {
  const { ask } = await startGateway(says('ok'), { durable: true })
  const headers = { 'idempotency-key': 'k' }
  await ask(HELLO, { headers })
  return toAnswer(await ask({ ...HELLO, seed: 1 }, { headers }))
}

async function askNobody(): Promise<Answer> {
  const model = createOllamaModel({ ...OPERATOR, baseUrl: 'http://127.0.0.1:9' })
  return toAnswer(await (await startAgentGateway(model)).ask(HELLO))
}

async function askOllama(reply: ScriptedReply, limits: { firstTokenTimeoutMs?: number } = {}): Promise<Answer> {
  const ollama = await scriptedOllama(() => reply)
  onTestFinished(() => ollama.close())
  const model = createOllamaModel({ ...OPERATOR, baseUrl: ollama.url, ...limits })
  return toAnswer(await (await startAgentGateway(model)).ask(HELLO))
}

const OPERATOR = { id: 'operator', modelName: 'qwen3:8b', contextTokens: 16_384 }

const toAnswer = async (reply: Pick<Response, 'status' | 'text'>): Promise<Answer> => ({
  status: reply.status,
  body: await reply.text(),
})
