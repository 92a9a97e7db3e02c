import { createServer } from 'node:net'
import { Redis } from 'ioredis'
import { Client } from 'pg'
import { request } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { createLog } from './create-log.ts'

const SECRET = 'hunter2hunter2'

test('an error of Postgres, with the client it hangs on it, shows no password', async () => {
  const url = `postgres://groundwire:${SECRET}@127.0.0.1:${await closedPort()}/db?application_name=${SECRET}`
  const client = new Client({ connectionString: url })
  const thrown = await client.connect().catch((error: unknown) => error)
  const error = Object.assign(new Error(`cannot reach ${url}`, { cause: thrown }), { client })
  expect(logged((log) => log.error({ err: error }, `the store at ${url} is away`))).toMatchObject({
    err: { name: 'Error', cause: { code: 'ECONNREFUSED' } },
  })
})

test('an error of Redis shows no password', async () => {
  const url = `redis://:${SECRET}@127.0.0.1:${await closedPort()}/0`
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0 })
  const told = new Promise((resolve) => redis.once('error', resolve))
  await redis.connect().catch(() => {})
  const error = Object.assign((await told) as Error, { options: redis.options })
  expect(logged((log) => log.error({ err: error }, 'the queue is away'))).toMatchObject({
    err: { code: 'ECONNREFUSED' },
  })
})

test('an error of a fetch shows no key of a URL, in no cause and no stack', async () => {
  const url = `http://127.0.0.1:${await closedPort()}/v2/${SECRET}?apikey=${SECRET}`
  const byUndici = await request(url, { headers: { authorization: `Bearer ${SECRET}` } }).catch(
    (error: unknown) => error,
  )
  const byFetch = await fetch(url).catch((error: unknown) => error)
  const byHand = new Error(`POST ${url} failed`, { cause: new AggregateError([byUndici, byFetch], url) })
  expect(logged((log) => log.error({ error: byHand }, 'no node answers'))).toMatchObject({
    error: { cause: { name: 'AggregateError', errors: [{ code: 'ECONNREFUSED' }, { name: 'TypeError' }] } },
  })
})

test('what a parser or a model server may have quoted of a prompt is left out', () => {
  const said = Object.assign(new Error(`cannot tokenize: ${SECRET}`), { headers: {} })
  const unread = new SyntaxError(`Unexpected token: "${SECRET}" is not valid JSON`, { cause: said })
  expect(logged((log) => log.error({ err: new Error('the run failed', { cause: unread }) }))).toMatchObject({
    err: { message: 'the run failed', cause: { name: 'SyntaxError', cause: { name: 'Error' } } },
  })
})

test('a field and a message are cleaned, in child logs too', () => {
  const line = logged((log) =>
    log.child({ apiKey: SECRET }).info({ headers: { authorization: SECRET } }, `token=${SECRET}`),
  )
  expect(line).toMatchObject({
    apiKey: '[redacted]',
    headers: { authorization: '[redacted]' },
    msg: 'token=[redacted]',
  })
})

test('what is thrown and no error is told as well', () => {
  expect(logged((log) => log.error({ err: 'just text' }))).toMatchObject({ err: 'just text' })
  expect(logged((log) => log.error(new Error('by itself')))).toMatchObject({
    err: { name: 'Error', message: 'by itself' },
  })
})

/** The one line that `write` logs, parsed. It holds no secret. */
function logged(write: (log: ReturnType<typeof createLog>) => void): Record<string, unknown> {
  const lines: string[] = []
  write(createLog({ level: 'info' }, { write: (line) => void lines.push(line) }))
  expect(lines).toHaveLength(1)
  expect(lines[0]).not.toContain(SECRET)
  return JSON.parse(lines[0] ?? '') as Record<string, unknown>
}

async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
