import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { DevChain } from '../../devchain/start.ts'
import type { Script, ScriptedBackend } from '../support/scripted-backend.ts'
import { scriptedOllama } from '../support/scripted-ollama.ts'
import { devChainEnv, type WholeGateway, wholeGateway } from '../support/whole-gateway.ts'

const messages = [{ role: 'user', content: 'how many transactions has vitalik.eth sent?' }]
const nonceCall = { name: 'transaction_count', arguments: { address: 'vitalik.eth' } }

let chain: DevChain
let chainEnv: Record<string, string>
const open: { close(): Promise<void> }[] = []

beforeAll(async () => {
  const dev = await devChainEnv([1])
  chain = dev.chain
  chainEnv = dev.env
})
afterAll(() => chain?.stop())
afterEach(async () => {
  for (const server of open.splice(0).reverse()) await server.close()
})

async function start(script: Script): Promise<{ backend: ScriptedBackend; gateway: WholeGateway }> {
  const backend = await scriptedOllama(script)
  open.push(backend)
  const gateway = await wholeGateway({ ...chainEnv, OLLAMA_BASE_URL: backend.url })
  open.push(gateway)
  return { backend, gateway }
}

describe('a caller who hangs up', () => {
  test('in mid-stream has the model stopped within a second', async () => {
    const { backend, gateway } = await start([{ text: Array.from({ length: 40 }, () => 'word '), thenHang: true }])
    const caller = new AbortController()
    const response = await gateway.ask({ messages, stream: true }, { signal: caller.signal })
    await readUntil(response, 'word')
    expect(backend.openRequests).toBe(1)
    caller.abort()
    await expect.poll(() => backend.openRequests, { timeout: 1_000 }).toBe(0)
  })

  test('before the first byte of a blocking answer has it stopped too', async () => {
    const { backend, gateway } = await start([{ hang: true }])
    const caller = new AbortController()
    const asked = gateway.ask({ messages }, { signal: caller.signal }).catch(() => {})
    await expect.poll(() => backend.openRequests).toBe(1)
    caller.abort()
    await asked
    await expect.poll(() => backend.openRequests, { timeout: 1_000 }).toBe(0)
    await expect.poll(() => gateway.logLines().some(({ status }) => status === 499)).toBe(true)
  })

  test('does not stop the answer of another', async () => {
    const { backend, gateway } = await start(({ body }) =>
      body.messages.at(-1).content === 'leave' ? { text: 'x', thenHang: true } : { text: 'still here', delayMs: 300 },
    )
    const caller = new AbortController()
    const left = gateway
      .ask({ messages: [{ role: 'user', content: 'leave' }] }, { signal: caller.signal })
      .catch(() => {})
    await expect.poll(() => backend.openRequests).toBe(1)
    const stays = gateway.ask({ messages: [{ role: 'user', content: 'stay' }] })
    await expect.poll(() => backend.openRequests).toBe(2)
    caller.abort()
    await left
    expect(await (await stays).json()).toMatchObject({ choices: [{ message: { content: 'still here' } }] })
  })
})

describe('a backend that breaks', () => {
  test.each([
    ['is cut in the middle', { text: ['The', ' nonce'], cut: true }],
    ['ends without its final line', { text: ['The', ' nonce'], noFinal: true }],
    ['sends a line that is no JSON', { text: ['The', ' nonce'], garbled: '{"message": {"content\n' }],
    ['reports an error in mid-stream', { text: ['The', ' nonce'], error: 'llama runner process has terminated' }],
  ])('and %s is a 502 for a blocking caller, and never half an answer', async (_, reply) => {
    const { gateway } = await start([reply])
    const response = await gateway.ask({ messages })
    expect(response.status).toBe(502)
    const { error } = (await response.json()) as { error: Record<string, unknown> }
    expect(error).toMatchObject({ type: 'upstream_error', param: null, code: 'model_backend_error' })
    expect(JSON.stringify(error)).not.toMatch(/127\.0\.0\.1|runner process/)
  })

  test('after text has left ends the stream with an error frame and no [DONE]', async () => {
    const { gateway } = await start([{ text: Array.from({ length: 30 }, () => 'word '), cut: true }])
    const body = await (await gateway.ask({ messages, stream: true })).text()
    expect(body).toContain('word')
    expect(body).not.toContain('[DONE]')
    expect(body).not.toContain('"finish_reason":"stop"')
    const last = body.trim().split('\n').at(-1) ?? ''
    expect(JSON.parse(last.slice('data: '.length))).toMatchObject({ error: { code: 'model_backend_error' } })
  })

  test('that is not there is a 502 that says what to do', async () => {
    const gateway = await wholeGateway({ ...chainEnv, OLLAMA_BASE_URL: 'http://127.0.0.1:9' })
    open.push(gateway)
    const response = await gateway.ask({ messages })
    expect(response.status).toBe(502)
    expect(response.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(await response.text()).toMatch(/ollama serve|OLLAMA_BASE_URL/i)
    const ready = await fetch(`${gateway.url}/ready`)
    expect(ready.status).toBe(503)
    expect(await ready.json()).toMatchObject({
      models: [{ id: 'operator', status: 'down' }],
      chains: [{ id: 'ethereum', status: 'ok' }],
    })
    expect((await fetch(`${gateway.url}/health`)).status).toBe(200)
  })
})

describe('a run', () => {
  test('keeps a preamble and its tool calls off the wire, streaming or not', async () => {
    const script: Script = ({ body }) =>
      body.messages.at(-1).role === 'tool'
        ? { text: 'It is 1,648.' }
        : { text: ['Let me', ' check.'], toolCalls: [nonceCall] }
    const { gateway } = await start(script)
    const blocking = await (await gateway.ask({ messages })).text()
    const streamed = await (await gateway.ask({ messages, stream: true })).text()
    for (const body of [blocking, streamed]) {
      expect(body).toContain('1,648')
      expect(body).not.toMatch(/check|tool_calls|transaction_count/)
    }
  })

  test('runs a call that the model wrote as text', async () => {
    const script: Script = ({ body }) => {
      const last = body.messages.at(-1)
      if (last.role === 'tool') return { text: JSON.parse(last.content).summary }
      return {
        text: ['<tool', '_call>{"name":"transaction_count",', '"arguments":{"address":"vitalik.eth"}}</tool', '_call>'],
      }
    }
    const { gateway } = await start(script)
    const body = (await (await gateway.ask({ messages })).json()) as { choices: { message: { content: string } }[] }
    expect(body.choices[0]?.message.content).toContain('1,648')
  })

  test('reads each chain at one block, which the trace names', async () => {
    const script: Script = ({ body }) =>
      body.messages.at(-1).role === 'tool'
        ? { text: 'done' }
        : { toolCalls: [nonceCall, { name: 'balance', arguments: { addresses: ['alice.eth'] } }] }
    const { gateway } = await start(script)
    const response = await gateway.ask({ messages }, { headers: { 'x-groundwire-trace': '1' } })
    const { groundwire } = (await response.json()) as {
      groundwire: { blocks: { number: string }[]; evidence: { block_number: string }[] }
    }
    expect(groundwire.blocks).toHaveLength(1)
    expect(new Set(groundwire.evidence.map((read) => read.block_number))).toEqual(
      new Set([groundwire.blocks[0]?.number]),
    )
    expect(response.headers.get('x-groundwire-run-id')).toMatch(/^run_/)
  })
})

async function readUntil(response: Response, text: string): Promise<void> {
  const decoder = new TextDecoder()
  let seen = ''
  const reader = response.body?.getReader()
  while (reader !== undefined && !seen.includes(text)) {
    const { value, done } = await reader.read()
    if (done) throw new Error(`The stream ended before '${text}': ${seen}`)
    seen += decoder.decode(value, { stream: true })
  }
}
