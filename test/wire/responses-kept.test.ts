import { expect, test } from 'vitest'
import { responseIdOf, responsesOf } from '../support/ask-responses.ts'
import { calls, completed, says, startHttp, tells } from '../support/http-gateway.ts'
import { memoryKeep } from '../support/memory-keep.ts'

const OTHER_WALLET = { 'x-wallet-address': `0x${'1'.repeat(40)}` }
const TOOLS = [{ type: 'function', name: 'open_page' }]
const CALL = { id: 'call_1', name: 'open_page', argumentsText: '{"page":1}' }
const OUTPUT = { type: 'function_call_output', call_id: 'call_1', output: 'page one' }

test('§2 a response is found again as it was told', async () => {
  const gateway = await startHttp(says('hi'), { durable: true })
  const { create, get } = responsesOf(gateway)
  const { body } = await create({ input: 'hello' })
  expect(await get(body.id)).toMatchObject({ status: 200, body })
})

test('§2 a streamed response is kept before its end is told', async () => {
  const gateway = await startHttp(says('hi'), { durable: true })
  const { stream, get } = responsesOf(gateway)
  const id = responseIdOf(await stream({ input: 'hello' }))
  expect((await get(id)).body).toMatchObject({ id, status: 'completed' })
})

test('§2 what is not to be stored is not found again', async () => {
  const gateway = await startHttp(says('hi'), { durable: true })
  const { create, get } = responsesOf(gateway)
  const { body } = await create({ input: 'hello', store: false })
  expect(body.store).toBe(false)
  expect(await get(body.id)).toMatchObject({
    status: 404,
    body: {
      error: {
        message: `Response with id '${body.id}' not found.`,
        type: 'invalid_request_error',
        param: 'id',
        code: null,
      },
    },
  })
})

test("§2 another caller's response does not exist", async () => {
  const gateway = await startHttp(says('hi'), { durable: true })
  const { body } = await responsesOf(gateway).create({ input: 'hello' })
  const other = responsesOf(gateway, OTHER_WALLET)
  expect((await other.get(body.id)).status).toBe(404)
  expect((await other.get(`${body.id}/input_items`)).status).toBe(404)
  expect((await other.cancel(body.id)).status).toBe(404)
  expect((await other.delete(body.id)).status).toBe(404)
  expect(await other.create({ input: 'x', previous_response_id: body.id })).toMatchObject({
    status: 400,
    body: { error: { code: 'previous_response_not_found' } },
  })
  const reference = { type: 'item_reference', id: body.output[0].id }
  expect((await other.create({ input: [reference] })).status).toBe(404)
  expect((await responsesOf(gateway).get(body.id)).status).toBe(200)
})

test('§2 a response that was deleted is gone', async () => {
  const gateway = await startHttp(says('hi'), { durable: true })
  const { create, get, delete: remove } = responsesOf(gateway)
  const { id } = (await create({ input: 'hello' })).body
  expect(await remove(id)).toMatchObject({ status: 200, body: { id, object: 'response', deleted: true } })
  expect((await get(id)).status).toBe(404)
  expect((await remove(id)).status).toBe(404)
})

test('§2 responses are kept for a time', async () => {
  let nowMs = 1_000
  const keptResponses = memoryKeep<never>({ now: () => nowMs })
  const gateway = await startHttp(says('hi'), { keptResponses, durable: true })
  const { create, get } = responsesOf(gateway)
  const { id } = (await create({ input: 'hello' })).body
  nowMs += 59_000
  expect((await get(id)).status).toBe(200)
  nowMs += 2_000
  expect((await get(id)).status).toBe(404)
})

test('§2 previous_response_id goes on from all that was said, without the instructions', async () => {
  const gateway = await startHttp(says('hi'), { durable: true })
  const { create } = responsesOf(gateway)
  const first = (await create({ input: 'one', instructions: 'be brief' })).body
  const second = (await create({ input: 'two', previous_response_id: first.id })).body
  await create({ input: 'three', instructions: 'be kind', previous_response_id: second.id })
  expect(second.previous_response_id).toBe(first.id)
  expect(gateway.orders[2]?.messages).toEqual([
    { role: 'system', text: 'be kind' },
    { role: 'user', text: 'one' },
    { role: 'assistant', text: 'hi', toolCalls: [] },
    { role: 'user', text: 'two' },
    { role: 'assistant', text: 'hi', toolCalls: [] },
    { role: 'user', text: 'three' },
  ])
})

test('§2 one response can be gone on from twice', async () => {
  const gateway = await startHttp(says('hi'), { durable: true })
  const { create } = responsesOf(gateway)
  const { id } = (await create({ input: 'one' })).body
  await create({ input: 'left', previous_response_id: id })
  await create({ input: 'right', previous_response_id: id })
  expect(gateway.orders.slice(1).map(({ messages }) => messages.length)).toEqual([3, 3])
})

test('§2 the results of calls go on from the response that made them', async () => {
  const gateway = await startHttp(calls(CALL), { durable: true })
  const { create } = responsesOf(gateway)
  const { id } = (await create({ input: 'go', tools: TOOLS })).body
  await create({ input: [OUTPUT], previous_response_id: id, tools: TOOLS })
  expect(gateway.orders[1]?.messages).toEqual([
    { role: 'user', text: 'go' },
    { role: 'assistant', text: '', toolCalls: [CALL] },
    { role: 'tool', callId: 'call_1', toolName: 'open_page', text: 'page one' },
  ])
})

test('§2 calls that were left unanswered cannot be gone on from', async () => {
  const gateway = await startHttp(calls(CALL), { durable: true })
  const { create } = responsesOf(gateway)
  const { id } = (await create({ input: 'go', tools: TOOLS })).body
  expect(await create({ input: 'never mind', previous_response_id: id })).toMatchObject({
    status: 400,
    body: { error: { message: 'No tool output found for function call call_1.', param: 'input' } },
  })
})

test('§2 an unknown previous response is refused in the words of OpenAI', async () => {
  const gateway = await startHttp(says('never'), { durable: true })
  expect(await responsesOf(gateway).create({ input: 'x', previous_response_id: 'resp_1' })).toMatchObject({
    status: 400,
    body: {
      error: {
        message: "Previous response with id 'resp_1' not found.",
        type: 'invalid_request_error',
        param: 'previous_response_id',
        code: 'previous_response_not_found',
      },
    },
  })
})

test('§2 an item can be sent by its id, wherever it is kept', async () => {
  const gateway = await startHttp(calls(CALL), { durable: true })
  const { create, get } = responsesOf(gateway)
  const { id, output } = (await create({ input: 'go', tools: TOOLS })).body
  const [said] = (await get(`${id}/input_items`)).body.data
  const references = [said, output[0]].map((item) => ({ type: 'item_reference', id: item.id }))
  await create({ input: [...references, OUTPUT], tools: TOOLS })
  expect(gateway.orders[1]?.messages).toEqual([
    { role: 'user', text: 'go' },
    { role: 'assistant', text: '', toolCalls: [CALL] },
    { role: 'tool', callId: 'call_1', toolName: 'open_page', text: 'page one' },
  ])
})

test('§2 an item that stands twice in a conversation is refused in the words of OpenAI', async () => {
  const gateway = await startHttp(says('hi'), { durable: true })
  const { create, get } = responsesOf(gateway)
  const said = { role: 'user', content: 'go', id: 'mine' }
  const { id, output } = (await create({ input: [said] })).body
  const answer = { type: 'item_reference', id: output[0].id }
  for (const [body, twice] of [
    [{ input: [said, said] }, 'mine'],
    [{ input: [answer, answer] }, answer.id],
    [{ input: [said], previous_response_id: id }, 'mine'],
    [{ input: [answer], previous_response_id: id }, answer.id],
  ] as const) {
    expect(await create(body)).toMatchObject({
      status: 400,
      body: {
        error: {
          message: `Duplicate item found with id ${twice}. Remove duplicate items from your input and try again.`,
          param: 'input',
          code: null,
        },
      },
    })
  }
  expect(await get(`${id}/input_items`)).toMatchObject({ status: 200, body: { data: [{ id: 'mine' }] } })
})

test.each(['rs_1', 'msg_abco0', '__proto__'])('§2 the reference %s to nothing is a 404 that names it', async (id) => {
  const gateway = await startHttp(says('never'), { durable: true })
  expect(await responsesOf(gateway).create({ input: [{ type: 'item_reference', id }] })).toMatchObject({
    status: 404,
    body: { error: { param: 'input', message: expect.stringContaining(`Item with id '${id}' not found.`) } },
  })
})

test('§2 input items are the conversation before the output, the latest first, in pages', async () => {
  const gateway = await startHttp(
    tells({ type: 'text', text: 'hi' }, { type: 'client_call', call: CALL }, completed()),
    { durable: true },
  )
  const { create, get } = responsesOf(gateway)
  const first = (await create({ input: [{ role: 'user', content: 'go', id: 'mine' }], tools: TOOLS })).body
  const second = (await create({ input: [OUTPUT], previous_response_id: first.id, tools: TOOLS })).body
  const all = (await get(`${second.id}/input_items?order=asc`)).body
  expect(all).toMatchObject({
    object: 'list',
    data: [
      { type: 'message', id: 'mine', role: 'user', content: [{ type: 'input_text', text: 'go' }] },
      first.output[0],
      first.output[1],
      { type: 'function_call_output', id: expect.stringMatching(/^fco_/), call_id: 'call_1', output: 'page one' },
    ],
    first_id: 'mine',
    has_more: false,
  })
  const latest = (await get(`${second.id}/input_items?limit=3`)).body
  expect(latest).toMatchObject({ data: all.data.toReversed().slice(0, 3), has_more: true })
  const rest = (await get(`${second.id}/input_items?limit=3&after=${latest.last_id}`)).body
  expect(rest).toMatchObject({ data: [{ id: 'mine' }], first_id: 'mine', last_id: 'mine', has_more: false })
})

test.each([
  ['limit=0', 'limit', "Invalid 'limit': integer below minimum value. Expected a value >= 1, but got 0 instead."],
  ['limit=101', 'limit', "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 101 instead."],
  ['limit=many', 'limit', "Invalid type for 'limit': expected an integer, but got a string instead."],
  ['order=up', 'order', "Invalid value: 'up'. Supported values are: 'asc', and 'desc'."],
  ['after=nobody', 'after', "Item with id 'nobody' not found."],
])('§2 a list of items with %s is refused', async (query, param, message) => {
  const gateway = await startHttp(says('hi'), { durable: true })
  const { create, get } = responsesOf(gateway)
  const { id } = (await create({ input: 'hello' })).body
  expect(await get(`${id}/input_items?${query}`)).toMatchObject({
    status: 400,
    body: { error: { param, message } },
  })
})

test('§2 only a background response can be cancelled, or streamed again', async () => {
  const gateway = await startHttp(says('hi'), { durable: true })
  const { create, cancel, get } = responsesOf(gateway)
  const { id } = (await create({ input: 'hello' })).body
  expect(await cancel(id)).toMatchObject({
    status: 400,
    body: { error: { message: 'Cannot cancel a synchronous response.', type: 'invalid_request_error', param: 'id' } },
  })
  expect(await get(`${id}?stream=true`)).toMatchObject({ status: 400, body: { error: { param: 'stream' } } })
})

test('§2 an answer that cannot be kept is told all the same, and the log says that it was not', async () => {
  const fails = () => Promise.reject(new Error('store down'))
  const gateway = await startHttp(says('hi'), {
    keptResponses: { get: async () => undefined, set: fails, delete: async () => false },
  })
  const { create } = responsesOf(gateway)
  expect(await create({ input: 'hello' })).toMatchObject({ status: 200, body: { status: 'completed' } })
  expect(gateway.log).toContainEqual(
    expect.objectContaining({
      msg: 'response not kept',
      level: 50,
      error: expect.objectContaining({ message: 'store down' }),
    }),
  )
})
