import { expect, onTestFinished, test } from 'vitest'
import { testDatabaseUrl } from '../support/database.ts'
import { needsRedis, startRedis } from '../support/redis-server.ts'
import { scriptedOllama } from '../support/scripted-ollama.ts'
import { type GatewayProcess, startGatewayProcess } from './gateway-process.ts'

const CHAT = { model: 'conductor', messages: [{ role: 'user', content: 'hello' }] }

type WireRun = { id: string; status: string; result: { choices: { message: { content: string } }[] } | null }

type Fleet = {
  gateways: readonly [GatewayProcess, GatewayProcess]
  workers: readonly [GatewayProcess, GatewayProcess]
  model: {
    /** Calls that are not answered. */
    openCalls(): number
    /** From now on it does not answer, and then it does. */
    hold(): void
    answer(): void
  }
}

test.for([
  ['Postgres', false],
  ['Redis', true],
] as const)(
  'with the queue on %s, two gateways and two workers share the runs, and outlive each other',
  async ([, onRedis], context) => {
    if (onRedis) needsRedis(context)
    const { gateways, workers, model } = await startFleet(onRedis)
    const [front, other] = gateways

    // What one gateway took, the other shows, and both workers work.
    model.hold()
    const taken = await Promise.all(Array.from({ length: 6 }, () => takeRun(front)))
    await expect.poll(model.openCalls).toBe(4) // two each, and two wait
    for (const { id } of taken)
      expect(await showRun(other, id)).toMatchObject({ id, status: expect.stringMatching(/^(queued|running)$/) })
    model.answer()
    for (const { id } of taken) await expectAnswer(other, id)

    // A run of a worker that is told to stop is ended by the other one.
    model.hold()
    const { id } = await takeRun(front)
    await expect.poll(model.openCalls).toBe(1)
    const isOn = (worker: GatewayProcess) => worker.logLines().some(({ runId }) => runId === id)
    await expect.poll(() => workers.filter(isOn)).toHaveLength(1)
    const [first, second] = isOn(workers[0]) ? workers : [workers[1], workers[0]]
    first.child.kill('SIGTERM')
    expect(await first.exited).toEqual([0, null])
    await expect.poll(() => isOn(second)).toBe(true)
    await expect.poll(model.openCalls).toBe(1)
    model.answer()
    await expectAnswer(other, id)

    // Who waited at a gateway that is told to stop asks the other one again, and gets the answer of the same run.
    model.hold()
    const ask = (gateway: GatewayProcess) => gateway.ask('/v1/chat/completions', CHAT, { 'idempotency-key': 'mine' })
    const asking = ask(front)
    await expect.poll(model.openCalls).toBe(1)
    front.child.kill('SIGTERM')
    const cutOff = await asking
    expect(cutOff.status).toBe(503)
    expect(await cutOff.json()).toMatchObject({ error: { code: 'server_stopped' } })
    const again = ask(other)
    model.answer()
    const reply = await again
    expect(await reply.json()).toMatchObject({ choices: [{ message: { content: 'The answer.' } }] })
    expect(reply.headers.get('x-groundwire-run-id')).toBe(cutOff.headers.get('x-groundwire-run-id'))
    expect(await front.exited).toEqual([0, null])
  },
)

async function startFleet(onRedis: boolean): Promise<Fleet> {
  let answering = Promise.withResolvers<void>()
  const ollama = await scriptedOllama(async () => {
    await answering.promise
    return { text: 'The answer.' }
  })
  onTestFinished(() => ollama.close())
  const env = {
    DATABASE_URL: await testDatabaseUrl(),
    ...(onRedis && { REDIS_URL: (await startRedis({ 'maxmemory-policy': 'noeviction' })).url }),
    OPERATOR_MODEL: 'rehearsal',
    CONDUCTOR_MODEL: 'ollama:qwen3:8b',
    OLLAMA_BASE_URL: ollama.url,
    WORKER_CONCURRENCY: '2',
    DRAIN_MS: '300',
  }
  const [one, two, three, four] = await Promise.all([
    startGatewayProcess({ ...env, ROLE: 'gateway' }),
    startGatewayProcess({ ...env, ROLE: 'gateway' }),
    startGatewayProcess({ ...env, ROLE: 'worker' }),
    startGatewayProcess({ ...env, ROLE: 'worker' }),
  ])
  return {
    gateways: [one, two],
    workers: [three, four],
    model: {
      openCalls: () => ollama.openRequests,
      hold() {
        answering = Promise.withResolvers()
      },
      answer: () => answering.resolve(),
    },
  }
}

async function takeRun(gateway: GatewayProcess): Promise<WireRun> {
  const reply = await gateway.ask('/v1/chat/completions', { ...CHAT, background: true })
  expect(reply.status).toBe(202)
  return (await reply.json()) as WireRun
}

async function showRun(gateway: GatewayProcess, id: string): Promise<WireRun> {
  const reply = await fetch(`${gateway.url}/v1/runs/${id}`, { headers: { authorization: 'Bearer test' } })
  return (await reply.json()) as WireRun
}

async function expectAnswer(gateway: GatewayProcess, id: string): Promise<void> {
  await expect.poll(async () => (await showRun(gateway, id)).status, { timeout: 20_000 }).toBe('completed')
  expect((await showRun(gateway, id)).result).toMatchObject({ choices: [{ message: { content: 'The answer.' } }] })
}
