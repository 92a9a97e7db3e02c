import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { testDatabaseUrl } from '../support/database.ts'
import type { ScriptedReply } from '../support/scripted-backend.ts'
import { scriptedOllama } from '../support/scripted-ollama.ts'
import { startGatewayProcess } from './gateway-process.ts'

const CHAT = { model: 'operator', messages: [{ role: 'user', content: 'hello' }] }
const RESPONSE = { model: 'operator', input: 'hello' }
const STOPPED = { type: 'service_unavailable_error', param: null, code: 'server_stopped' }

async function ollamaThat(reply: ScriptedReply | (() => Promise<ScriptedReply>)) {
  const ollama = await scriptedOllama(typeof reply === 'function' ? reply : () => reply)
  onTestFinished(() => ollama.close())
  return ollama
}

test('while it drains, a running answer ends well, new requests are refused, and probes are told', async () => {
  const finish = Promise.withResolvers<void>()
  const ollama = await ollamaThat(async () => {
    await finish.promise
    return { text: 'The end.' }
  })
  const gateway = await startGatewayProcess({ DATABASE_URL: await testDatabaseUrl(), OLLAMA_BASE_URL: ollama.url })
  const kept = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => kept.destroy())
  const askOnKept = async (path: string) => {
    const [reply] = (await once(get(`${gateway.url}${path}`, { agent: kept }), 'response')) as [IncomingMessage]
    return { status: reply.statusCode, headers: reply.headers, body: await json(reply) }
  }
  expect((await askOnKept('/health')).headers.connection).toBe('keep-alive')
  const running = gateway.ask('/v1/chat/completions', CHAT)
  await expect.poll(() => ollama.openRequests).toBe(1)

  gateway.child.kill('SIGTERM')
  await expect.poll(gateway.output).toContain('stopping: waiting for 1 request')
  const refused = await askOnKept('/v1/models')
  expect(refused).toMatchObject({
    status: 503,
    headers: { 'retry-after': '1', connection: 'close', 'x-request-id': expect.any(String) },
    body: { error: { type: 'service_unavailable_error', code: 'server_stopping' } },
  })
  expect((await gateway.ask('/v1/chat/completions', CHAT)).status).toBe(503)
  expect((await fetch(`${gateway.url}/health`)).status).toBe(200)
  expect((await fetch(`${gateway.url}/ready`)).status).toBe(503)

  finish.resolve()
  const reply = await running
  expect(reply.headers.get('connection')).toBe('close')
  expect(await reply.json()).toMatchObject({ choices: [{ message: { content: 'The end.' } }] })
  expect(await gateway.exited).toEqual([0, null])
})

test('what has not ended with the drain ends with an error, in the stream or as a 503, and the log says so', async () => {
  const words = Array.from({ length: 100 }, (_, index) => `word${index} `)
  const ollama = await ollamaThat({ text: words, thenHang: true })
  const gateway = await startGatewayProcess({
    DATABASE_URL: await testDatabaseUrl(),
    OLLAMA_BASE_URL: ollama.url,
    DRAIN_MS: '300',
  })
  const asked = [
    gateway.ask('/v1/chat/completions', { ...CHAT, stream: true }),
    gateway.ask('/v1/responses', { ...RESPONSE, stream: true }),
    gateway.ask('/v1/chat/completions', CHAT),
    gateway.ask('/v1/responses', RESPONSE),
  ] as const
  const [chatStream, responseStream] = await Promise.all([asked[0], asked[1]])
  await expect.poll(() => ollama.openRequests).toBe(4)

  gateway.child.kill('SIGTERM')
  const chatText = await chatStream.text()
  expect(chatText).toContain('word50')
  expect(toLastData(chatText)).toEqual({ error: { message: expect.stringContaining('stopped'), ...STOPPED } })
  const responseText = await responseStream.text()
  expect(toLastData(responseText)).toMatchObject({ type: 'response.failed', response: { status: 'failed' } })
  for (const blocking of [await asked[2], await asked[3]]) {
    expect(blocking.status).toBe(503)
    expect(await blocking.json()).toMatchObject({ error: STOPPED })
  }
  expect(await gateway.exited).toEqual([0, null])
  expect(gateway.output()).toContain('4 requests broken off')
  const lines = gateway.logLines().filter(({ method }) => method === 'POST')
  expect(lines.map(({ status }) => status).sort()).toEqual([200, 200, 503, 503])
  for (const line of lines) expect(line).toMatchObject({ error: { code: 'server_stopped' } })
  await expect.poll(() => ollama.openRequests).toBe(0)
})

test('a second signal ends the wait at once', async () => {
  const ollama = await ollamaThat({ hang: true })
  const gateway = await startGatewayProcess({ DATABASE_URL: await testDatabaseUrl(), OLLAMA_BASE_URL: ollama.url })
  const running = gateway.ask('/v1/chat/completions', CHAT)
  const broken = expect(running).rejects.toThrow('fetch failed')
  await expect.poll(() => ollama.openRequests).toBe(1)
  gateway.child.kill('SIGTERM')
  await expect.poll(gateway.output).toContain('stopping: waiting for 1 request')
  gateway.child.kill('SIGTERM')
  expect(await gateway.exited).toEqual([143, null])
  await broken
})

function toLastData(stream: string): unknown {
  const frames = stream.split('\n').filter((line) => line.startsWith('data: '))
  return JSON.parse(frames.at(-1)?.slice('data: '.length) ?? '')
}
