import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { Redis } from 'ioredis'
import pg from 'pg'
import { describe, expect, onTestFinished, type TestContext, test } from 'vitest'
import { emptyDatabaseUrl } from '../../../test/support/database.ts'
import { logLines } from '../../../test/support/log-lines.ts'
import { hasRedis } from '../../../test/support/redis-process.ts'
import { needsRedis, startRedis } from '../../../test/support/redis-server.ts'
import type { RunQueue } from '../run-queue.ts'
import { LostClaimError } from '../run-store.ts'
import { createRunQueue } from './create-run-queue.ts'

const NOWHERE = 'postgres://user:secret@127.0.0.1:1/none'
const PROCESS = resolve(import.meta.dirname, '../../../test/support/queue-process.ts')

describe.each(['Postgres', 'Redis'] as const)('on %s', (kind) => {
  async function startStore(context: TestContext): Promise<string> {
    if (kind === 'Postgres') return emptyDatabaseUrl()
    needsRedis(context)
    return (await startRedis()).url
  }

  test('a job that is added twice is handled once, and can be added again when it is done', async (context) => {
    const { queue } = await openQueue(await startStore(context))
    const handled: string[] = []
    await queue.add(job('twice'))
    await queue.add(job('twice'))
    expect(await queue.depth()).toEqual({ waiting: 1, active: 0 })
    work(queue, async (runId) => void handled.push(runId))
    await expect.poll(() => queue.depth()).toEqual({ waiting: 0, active: 0 })
    expect(handled).toEqual(['twice'])
    await queue.add(job('twice'))
    await expect.poll(() => handled).toEqual(['twice', 'twice'])
  })

  test('jobs of a lower priority number go first, whenever they came', async (context) => {
    const { queue } = await openQueue(await startStore(context))
    const handled: string[] = []
    await queue.add({ ...job('third'), priority: 3 })
    await queue.add({ ...job('last'), priority: 2 ** 40 })
    await queue.add({ ...job('first'), priority: 1 })
    await queue.add({ ...job('second'), priority: 2 })
    work(queue, async (runId) => void handled.push(runId), 1)
    await expect.poll(() => handled).toEqual(['first', 'second', 'third', 'last'])
  })

  test('a handler that rejects is logged, and its job is done', async (context) => {
    const { queue, told } = await openQueue(await startStore(context))
    let tries = 0
    work(queue, async () => {
      tries++
      throw new Error('no such thing')
    })
    await queue.add(job('bad'))
    await expect.poll(() => told('error')).toEqual(['a worker could not handle a job'])
    await expect.poll(() => queue.depth()).toEqual({ waiting: 0, active: 0 })
    expect(tries).toBe(1)
  })

  test('a worker that drains takes no more, and lets the job it has come to its end', async (context) => {
    const { queue } = await openQueue(await startStore(context))
    const handled: string[] = []
    const end = Promise.withResolvers<void>()
    const worker = work(queue, async (runId, signal) => {
      handled.push(runId)
      await end.promise
      handled.push(`${runId} ${signal.aborted ? 'gives up' : 'ends'}`)
    })
    await queue.add(job('first'))
    await expect.poll(() => handled).toEqual(['first'])
    const drained = worker.drain(new AbortController().signal)
    await queue.add(job('second'))
    end.resolve()
    await drained
    expect(handled).toEqual(['first', 'first ends'])
    expect(await queue.depth()).toEqual({ waiting: 1, active: 0 })
  })

  test('at the limit of a drain handlers are told to give up, and are waited for', async (context) => {
    const { queue } = await openQueue(await startStore(context))
    const reasons: unknown[] = []
    const limit = new AbortController()
    const worker = work(queue, async (_, signal) => {
      reasons.push('begun')
      await once(signal, 'abort')
      reasons.push(signal.reason)
    })
    await queue.add(job('long'))
    await expect.poll(() => reasons).toEqual(['begun'])
    const drained = worker.drain(limit.signal)
    limit.abort()
    await drained
    expect(reasons).toEqual(['begun', expect.any(LostClaimError)])
  })
})

test('the job of a worker that is killed is back within 15 s, on both stores', async (context) => {
  const urls = [await emptyDatabaseUrl(), ...(hasRedis() ? [(await startRedis()).url] : [])]
  await Promise.all(
    urls.map(async (url) => {
      const { queue } = await openQueue(url)
      const child = spawn(process.execPath, [PROCESS, url], { stdio: ['ignore', 'pipe', 'inherit'] })
      context.onTestFinished(() => void child.kill('SIGKILL'))
      await queue.add(job('orphan'))
      expect(String((await once(child.stdout, 'data'))[0])).toBe('orphan\n')
      const handled: string[] = []
      work(queue, async (runId) => void handled.push(runId))
      child.kill('SIGKILL')
      await expect.poll(() => handled, { timeout: 15_000 }).toEqual(['orphan'])
    }),
  )
})

test('a job that was taken by a worker whose clock is an hour ahead, and that died with it, does not hold up its run', async () => {
  const url = await emptyDatabaseUrl()
  const { queue } = await openQueue(url)
  await queue.add(job('orphan'))
  const admin = await connectAdmin(url, new URL(url).pathname)
  await admin.query(`update groundwire_queue.job set state = 'active', lock_token = 'gone',
    locked_until_ms = extract(epoch from now()) * 1000 + 3600000`)
  const handled: string[] = []
  work(queue, async (runId) => void handled.push(runId))
  await queue.add(job('orphan'))
  await queue.add(job('next'))
  await expect.poll(() => handled).toEqual(['next'])
  await queue.add({ ...job('orphan'), isAgain: true })
  await expect.poll(() => handled).toEqual(['next', 'orphan'])
})

test('a Postgres that takes no connections for a while is said once, and worked on again by itself', async () => {
  const url = await emptyDatabaseUrl()
  const { queue, told } = await openQueue(url)
  const handled: string[] = []
  work(queue, async (runId) => void handled.push(runId))
  await queue.add(job('before'))
  await expect.poll(() => handled).toEqual(['before'])

  const admin = await connectAdmin(url)
  const name = new URL(url).pathname.slice(1)
  await admin.query(`alter database ${name} with allow_connections false`)
  await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
  await expect.poll(() => queue.check()).toMatchObject({ status: 'down', detail: expect.stringContaining('Postgres') })
  await expect(queue.add(job('lost'))).rejects.toThrow()
  await admin.query(`alter database ${name} with allow_connections true`)

  await expect.poll(() => told('info')).toEqual(["the queue's Postgres answers again"])
  await queue.add(job('after'))
  await expect.poll(() => handled).toEqual(['before', 'after'])
  expect(told('warn')).toEqual([expect.stringContaining('away or in trouble')])
})

test('connections that break while a worker and its queue close end nothing else', async () => {
  const url = await emptyDatabaseUrl()
  const admin = await connectAdmin(url)
  const cut = 'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1'
  for (let round = 0; round < 8; round++) {
    const { queue } = await openQueue(url)
    const handled: string[] = []
    const worker = work(queue, async (runId) => void handled.push(runId))
    await queue.add(job(`round ${round}`))
    await expect.poll(() => handled).toHaveLength(1)
    const cutting = admin.query(cut, [new URL(url).pathname.slice(1)])
    await worker.drain(AbortSignal.abort())
    await Promise.all([queue.close(), cutting])
  }
})

test('a worker that starts while Postgres is away comes to work when it is back', async () => {
  const url = await emptyDatabaseUrl()
  const { queue, told } = await openQueue(url)
  const handled: string[] = []
  const admin = await connectAdmin(url)
  const name = new URL(url).pathname.slice(1)
  await queue.add(job('early'))
  await admin.query(`alter database ${name} with allow_connections false`)
  await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
  work(queue, async (runId) => void handled.push(runId))
  await expect.poll(() => told('warn')).toHaveLength(1)
  await admin.query(`alter database ${name} with allow_connections true`)
  await expect.poll(() => handled).toEqual(['early'])
})

test('options in the address of Postgres are kept, and the tables of the queue lie in a schema of their own', async () => {
  const url = new URL(await emptyDatabaseUrl())
  url.searchParams.set('options', '-c lock_timeout=4321')
  const { queue } = await openQueue(url.href)
  await queue.add(job('one'))
  const admin = new pg.Client({ connectionString: url.href })
  await admin.connect()
  onTestFinished(() => admin.end())
  const { rows } = await admin.query(`
    select table_schema, current_setting('lock_timeout') as timeout from information_schema.tables
    where table_name = 'job'`)
  expect(rows).toEqual([{ table_schema: 'groundwire_queue', timeout: '4321ms' }])
})

test('a server that does not answer is waited for with one line, and then told without its password', async () => {
  const { log, told } = logLines()
  const open = (redisUrl?: string) => createRunQueue({ databaseUrl: NOWHERE, redisUrl, log, waitMs: 700 }).catch(String)
  for (const error of await Promise.all([open(), open('redis://:secret@127.0.0.1:1')])) {
    expect(error).toMatch(/^QueueSetupError: .* has not answered for 1 s \(ECONNREFUSED\). Is it running\?$/)
    expect(error).not.toContain('secret')
  }
  expect(told('info').sort()).toEqual([
    'Redis at REDIS_URL does not answer: waiting up to 1 s',
    "The queue's Postgres does not answer: waiting up to 1 s",
  ])
})

test('a Redis that comes late is waited for', async (context) => {
  needsRedis(context)
  const redis = await startRedis()
  await redis.signal('SIGKILL')
  const { log, told } = logLines()
  const opening = createRunQueue({ databaseUrl: NOWHERE, redisUrl: redis.url, log })
  await expect.poll(() => told('info')).toHaveLength(1)
  await redis.start()
  const queue = await opening
  expect(await queue.check()).toEqual({ status: 'ok' })
  await queue.close()
})

test('a Redis that is restarted is said once; its jobs are still there, and it is worked on again by itself', async (context) => {
  needsRedis(context)
  const redis = await startRedis({ appendfsync: 'always' })
  const { queue, told } = await openQueue(redis.url)
  const handled: string[] = []
  const end = Promise.withResolvers<void>()
  const worker = work(queue, (runId) => end.promise.then(() => void handled.push(runId)), 1)
  await queue.add(job('in work'))
  await expect.poll(() => queue.depth()).toEqual({ waiting: 0, active: 1 })
  await queue.add(job('waiting'))

  await redis.signal('SIGKILL')
  await expect.poll(() => queue.check()).toMatchObject({ status: 'down', detail: expect.stringContaining('REDIS_URL') })
  await expect(queue.add(job('lost'))).rejects.toThrow()
  end.resolve()
  await redis.start()
  await expect.poll(() => handled).toEqual(['in work', 'waiting'])
  await expect.poll(() => told('info')).toEqual(["the queue's Redis answers again"])
  expect(told('warn')).toEqual([expect.stringContaining('away or in trouble')])
  await worker.drain(AbortSignal.abort())
})

test('a worker whose Redis has died, or hangs, is drained and closed all the same', async (context) => {
  needsRedis(context)
  const end = async (signal: 'SIGKILL' | 'SIGSTOP') => {
    const redis = await startRedis()
    const { queue } = await openQueue(redis.url)
    const begun = Promise.withResolvers<void>()
    const worker = work(queue, async (_, givesUp) => {
      begun.resolve()
      await once(givesUp, 'abort')
    })
    await queue.add(job('one'))
    await begun.promise
    await redis.signal(signal)
    await worker.drain(AbortSignal.abort())
    await queue.close()
  }
  await Promise.all([end('SIGKILL'), end('SIGSTOP')])
})

test('a Redis that forgets stops the start with the lines that cure it', async (context) => {
  needsRedis(context)
  const redis = await startRedis({ appendonly: 'no', 'maxmemory-policy': 'allkeys-lru' })
  const opening = () => createRunQueue({ databaseUrl: NOWHERE, redisUrl: redis.url, log: logLines().log })
  const error = await opening().catch(String)
  const commands = [...String(error).matchAll(/^ {2}CONFIG SET (\S+) (\S+)$/gm)].map(([, ...words]) => words)
  expect(commands).toEqual([
    ['maxmemory-policy', 'noeviction'],
    ['appendonly', 'yes'],
  ])
  const client = new Redis(redis.url)
  for (const [name = '', value = ''] of commands) await client.config('SET', name, value)
  client.disconnect()
  const queue = await opening()
  await queue.close()
})

test('where CONFIG is not ours to use, a Redis that forgets is a warning', async (context) => {
  needsRedis(context)
  const redis = await startRedis({ appendonly: 'no', user: 'app on >pass ~* &* +@all -config' })
  const url = redis.url.replace('//', '//app:pass@')
  const { queue, told } = await openQueue(url)
  expect(told('warn')).toEqual([expect.stringContaining('ask for appendonly yes')])
  await queue.add(job('one'))
  expect(await queue.depth()).toEqual({ waiting: 1, active: 0 })
})

test('a Redis that refuses the password stops the start at once', async (context) => {
  needsRedis(context)
  const redis = await startRedis({ requirepass: 'right' })
  for (const login of ['', ':wrong@', 'nobody:secret@']) {
    const redisUrl = redis.url.replace('//', `//${login}`)
    const opening = createRunQueue({ databaseUrl: NOWHERE, redisUrl, log: logLines().log })
    await expect(opening).rejects.toThrow('Redis refuses the user or the password of REDIS_URL')
  }
})

test('a Redis cluster is used as one', async (context) => {
  needsRedis(context)
  const redis = await startRedis({ 'cluster-enabled': 'yes', 'cluster-announce-ip': '127.0.0.1' })
  const client = new Redis(redis.url)
  await client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  await expect.poll(() => client.call('CLUSTER', 'INFO')).toContain('cluster_state:ok')
  client.disconnect()
  const { queue } = await openQueue(redis.url)
  const handled: string[] = []
  work(queue, async (runId) => void handled.push(runId))
  await queue.add(job('one'))
  await expect.poll(() => handled).toEqual(['one'])
  expect(await queue.check()).toEqual({ status: 'ok' })
})

test('a Redis cluster whose nodes cannot be reached stops the start', async (context) => {
  needsRedis(context)
  const redis = await startRedis({ 'cluster-enabled': 'yes' }) // with no slots, as nobody has told it its part
  const opening = createRunQueue({ databaseUrl: NOWHERE, redisUrl: redis.url, log: logLines().log, waitMs: 1_000 })
  await expect(opening).rejects.toThrow('is a cluster whose nodes do not answer')
})

async function openQueue(url: string) {
  const lines = logLines()
  const isRedis = url.startsWith('redis:')
  const queue = await createRunQueue({
    databaseUrl: isRedis ? NOWHERE : url,
    redisUrl: isRedis ? url : undefined,
    log: lines.log,
  })
  onTestFinished(() => queue.close())
  return { queue, ...lines }
}

function work(queue: RunQueue, handler: Parameters<RunQueue['work']>[0], concurrency = 4) {
  const worker = queue.work(handler, { concurrency })
  onTestFinished(() => worker.drain(AbortSignal.abort()))
  return worker
}

async function connectAdmin(url: string, database = '/template1'): Promise<pg.Client> {
  const address = new URL(url)
  address.pathname = database
  const admin = new pg.Client({ connectionString: address.href })
  await admin.connect()
  onTestFinished(() => admin.end())
  return admin
}

const job = (runId: string) => ({ runId, fence: 0, priority: 1 })
