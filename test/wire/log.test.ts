import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { BackendError } from '../../src/errors.ts'
import { completed, HELLO, says, startHttp, tells, WALLET } from '../support/http-gateway.ts'

test('§1.9 a request is one line: who asked what, how it went, what it used', async () => {
  const gateway = await startHttp(
    tells({ type: 'text', text: 'a private answer' }, completed({ trace: { limit: 'max_steps' } })),
  )
  const response = await gateway.ask(
    { ...HELLO, messages: [{ role: 'user', content: 'a private question' }], metadata: { team: 'research' } },
    { headers: { 'x-request-id': 'mine', authorization: 'Bearer gw_secret' } },
  )
  expect(response.status).toBe(200)
  await expect.poll(() => gateway.log).toHaveLength(1)
  expect(gateway.log[0]).toMatchObject({
    level: 30,
    requestId: 'mine',
    method: 'POST',
    route: '/v1/chat/completions',
    status: 200,
    ms: expect.any(Number),
    caller: `claim:${WALLET.toLowerCase()}`,
    model: 'operator',
    runId: response.headers.get('x-groundwire-run-id'),
    metadata: { team: 'research' },
    usage: { promptTokens: 12, completionTokens: 3 },
    finish: 'max_steps',
  })
  expect(JSON.stringify(gateway.log)).not.toMatch(/private|secret/)
})

test('§1.2 what looks like a secret in metadata is not logged', async () => {
  const gateway = await startHttp(says('ok'))
  const metadata = { api_key: 'abc', note: 'sk-abc', word: `0x${'ab'.repeat(32)}`, wallet: WALLET }
  await gateway.ask({ ...HELLO, metadata })
  await expect.poll(() => gateway.log).toHaveLength(1)
  expect(gateway.log[0]?.metadata).toEqual({
    api_key: '[redacted]',
    note: '[redacted]',
    word: '[redacted]',
    wallet: WALLET,
  })
})

test('§1.8 a caller’s mistake is logged with its code, and without a stack', async () => {
  const gateway = await startHttp(says('ok'))
  await gateway.ask({ ...HELLO, model: 'gpt-4o' })
  await expect.poll(() => gateway.log).toHaveLength(1)
  expect(gateway.log[0]).toMatchObject({ level: 30, status: 404, error: { code: 'model_not_found' } })
  expect(gateway.log[0]?.error).not.toHaveProperty('stack')
})

test('§1.8 an error that may quote a prompt is logged without its words', async () => {
  const said = Object.assign(new Error('cannot tokenize: a private question'), { status: undefined, headers: {} })
  const broken = new SyntaxError('Unexpected token: "a private question" is not valid JSON')
  const gateway = await startHttp(async function* () {
    yield { type: 'step_started', step: 1 }
    throw new BackendError('The model failed.', { kind: 'failed', cause: Object.assign(broken, { cause: said }) })
  })
  await gateway.ask(HELLO)
  await expect.poll(() => gateway.log).toHaveLength(1)
  expect(gateway.log[0]).toMatchObject({ error: { cause: { name: 'SyntaxError', cause: { name: 'Error' } } } })
  expect(JSON.stringify(gateway.log)).not.toContain('private')
})

test('§1.8 what the model did wrong is logged as an error, and without a stack', async () => {
  const gateway = await startHttp(async function* () {
    yield { type: 'step_started', step: 1 }
    throw new BackendError("The model 'operator' did not write JSON.", { kind: 'failed' })
  })
  await gateway.ask(HELLO)
  await expect.poll(() => gateway.log).toHaveLength(1)
  expect(gateway.log[0]).toMatchObject({ level: 50, status: 502, error: { name: 'BackendError' } })
  expect(gateway.log[0]?.error).not.toHaveProperty('stack')
})

test('§1.1 a caller who stops the upload when told that it is too large is logged as told so', async () => {
  const gateway = await startHttp(says('never'), { settings: { bodyLimitBytes: 1024 } })
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
  socket.setEncoding('utf8')
  const heard = new Promise((resolve) => socket.once('data', resolve))
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nx-wallet-address: ${WALLET}\r\ncontent-type: application/json\r\ncontent-length: 2000\r\n\r\n{`,
  )
  expect(await heard).toMatch(/^HTTP\/1.1 413 /)
  socket.destroy()
  await expect.poll(() => gateway.log).toHaveLength(1)
  expect(gateway.log[0]).toMatchObject({ level: 30, status: 413, error: { code: 'request_too_large' } })
})

test('§1.11 probes are logged at debug only', async () => {
  const gateway = await startHttp(says('ok'))
  await fetch(`${gateway.url}/health`)
  await expect.poll(() => gateway.log).toHaveLength(1)
  expect(gateway.log[0]).toMatchObject({ level: 20, route: '/health' })
})

test('§1.1 a caller who leaves during the upload is logged as gone, and nothing runs', async () => {
  const gateway = await startHttp(says('never'))
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.end(
    `POST /v1/chat/completions HTTP/1.1\r\nx-wallet-address: ${WALLET}\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{`,
  )
  await expect.poll(() => gateway.log).toHaveLength(1)
  expect(gateway.log[0]).toMatchObject({ level: 30, status: 499, route: '/v1/chat/completions' })
  expect(gateway.orders).toEqual([])
})
