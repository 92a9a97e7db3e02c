import { expect, onTestFinished, test } from 'vitest'
import { createModels } from '../../src/models/create-models.ts'
import { parseModelsFile } from '../../src/models/models-file.ts'
import type { ExecuteRun } from '../../src/runs/run.ts'
import { completed, HELLO, startHttp, WALLET } from '../support/http-gateway.ts'
import type { ScriptedReply } from '../support/scripted-backend.ts'
import { scriptedOpenAI } from '../support/scripted-openai.ts'

const KEY = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045'
const PROVIDED = `${KEY}:meta/llama-3:70b`

/** A run that is one call of its model. */
const asksOnce: ExecuteRun = async function* ({ model, messages, params }, signal) {
  let backend = model.backend
  for await (const event of model.stream({ messages, params, tools: [], signal })) {
    if (event.type === 'text') yield event
    if (event.type === 'finished') backend = event.backend ?? backend
  }
  yield completed({ trace: { backend } })
}

/** The gateway over two servers, of which `operator` asks the first, then the other. */
async function start({ first }: { first: ScriptedReply }) {
  const servers = await Promise.all([
    scriptedOpenAI(() => first, { models: ['qwen'] }),
    scriptedOpenAI(() => ({ text: 'from the second' }), { models: ['qwen', 'meta/llama-3:70b'] }),
  ])
  for (const server of servers) onTestFinished(() => server.close())
  const [a, b] = servers.map(({ url }) => `${url}/v1`)
  const raw = {
    models: {
      operator: {
        backends: [
          { use: 'openai:qwen', name: 'a', baseUrl: a },
          { use: 'openai:qwen', name: 'b', baseUrl: b },
        ],
        price: { promptPerMillion: 100_000, completionPerMillion: 300_000 },
      },
    },
    providers: {
      [KEY]: { type: 'openai', baseUrl: b, models: ['*'] },
      house: { type: 'openai', baseUrl: b, models: ['qwen'] },
    },
  }
  const models = await createModels({
    operatorModel: '',
    ollamaBaseUrl: '',
    ollamaContextTokens: 1,
    models: parseModelsFile(JSON.stringify(raw), { path: 'models.json', lookUp: () => undefined }),
  })
  return { gateway: await startHttp(asksOnce, { models }), servers }
}

test.each([
  ['operator', { text: 'from the first' }, 'from the first', 'a'],
  ['operator', { status: 503, error: 'busy' }, 'from the second', 'b'],
  [PROVIDED, { status: 503 }, 'from the second', `${KEY}:*`],
  ['house:qwen', { status: 503 }, 'from the second', 'house:qwen'],
])('§1.4 a reply says `%s` whatever served it, and its trace says what did', async (model, first, content, backend) => {
  const { gateway } = await start({ first })
  const headers = { 'x-groundwire-trace': '1' }
  const reply = await (await gateway.ask({ ...HELLO, model }, { headers })).json()
  expect(reply).toMatchObject({ model, choices: [{ message: { content } }], groundwire: { backend } })
})

test('§1.6 a stream that has begun is not taken over by another backend', async () => {
  const { gateway, servers } = await start({ first: { text: ['from ', 'the '], cut: true } })
  const text = await (await gateway.ask({ ...HELLO, stream: true })).text()
  expect(text).toContain('"error"')
  expect(text).not.toContain('[DONE]')
  expect(servers[1]?.requests).toHaveLength(0)
})

test("§1.11 the list holds the public ids and a provider's named models, and any of them can be looked up", async () => {
  const { gateway } = await start({ first: {} })
  const get = async (path: string) =>
    (await (await fetch(`${gateway.url}${path}`, { headers: { 'x-wallet-address': WALLET } })).json()) as {
      data: { id: string; price?: unknown }[]
      id: string
    }
  const { data } = await get('/v1/models')
  expect(data.map(({ id, price }) => [id, price])).toEqual([
    ['operator', { prompt_per_million: 100_000, completion_per_million: 300_000 }],
    ['house:qwen', undefined],
  ])
  expect((await get(`/v1/models/${PROVIDED}`)).id).toBe(PROVIDED)
})

test.each([
  'house:other',
  'house:',
  `${KEY}:`,
  `${KEY.toLowerCase()}:m`,
  'openai:qwen',
  '__proto__',
  `${KEY}:a b`,
  'x'.repeat(100_000),
])('§1.8 an id that names nothing here is a plain 404: %.60s', async (model) => {
  const { gateway, servers } = await start({ first: {} })
  const response = await gateway.ask({ ...HELLO, model })
  expect(response.status).toBe(404)
  expect((await response.json()).error).toMatchObject({ code: 'model_not_found', param: 'model' })
  expect(servers.flatMap(({ requests }) => requests)).toEqual([])
})
