import { setTimeout as pause } from 'node:timers/promises'
import type { Member } from './fleet.ts'
import type { Journal } from './journal.ts'
import type { Round } from './plan.ts'
import { type Hardship, LEASE_MS, type World } from './world.ts'

const MOST_WAIT_MS = 1_500
/** A little longer than most model calls. */
const MOST_LATER_MS = 700

/** The one that is meant, or else the other. */
function chooseUp(members: readonly Member[], victim: number): Member {
  const [first, second] = [members[victim], members[1 - victim]] as [Member, Member]
  return first.state !== 'up' && second.state === 'up' ? second : first
}

/** Does the harm of a round, and resolves once it is over. */
export async function doHarm({ harm, victim, ms }: Round, world: World, journal: Journal): Promise<void> {
  const { fleet, store, redis, backends, queue } = world
  const gateway = chooseUp(fleet.gateways, victim)

  switch (harm) {
    case 'nothing':
      return
    case 'kill a worker':
      return (await busyWorker()).kill()
    case 'kill a gateway':
      return gateway.kill()
    case 'freeze a worker':
      return (await busyWorker()).freeze(ms + LEASE_MS / 2)
    case 'freeze a gateway':
      return gateway.freeze(ms)
    case 'stop a worker':
      return (await busyWorker()).terminate()
    case 'stop a gateway':
      return gateway.terminate()
    case 'restart the store':
      return hard(() => store.break('SIGINT'), 2_000)
    case 'crash the store':
      return hard(() => store.break(victim === 0 ? 'SIGQUIT' : 'SIGKILL'), 2_000)
    case 'freeze the store':
      return hard(() => store.freeze(ms), 200)
    case 'cut the connections':
      return hard(store.cutConnections, 200)
    case 'spoil vllm':
      return spoil('vllm')
    case 'spoil runpod':
      return spoil('runpod')
    case 'put runpod to sleep':
      journal.note(`${harm} for ${ms} ms`)
      backends.runpod.setAwake(0)
      await pause(ms)
      return backends.runpod.setAwake(3)
    case 'spoil the chain':
      journal.note(`${harm} for ${ms} ms`)
      backends.rpc.mood = victim === 0 ? { type: 'dead' } : { type: 'slow', ms: 400 }
      await pause(ms)
      backends.rpc.mood = { type: 'well' }
      return
    case 'queue everything twice':
      return queueTwice()
    case 'empty the queue':
      return hard(emptyQueue, 100)
    case 'crash redis':
      return hard(async () => {
        await redis?.signal('SIGKILL')
        await pause(ms / 3)
        await redis?.start()
      }, 1_000)
    case 'freeze redis':
      return hard(async () => {
        await redis?.signal('SIGSTOP')
        await pause(ms)
        await redis?.signal('SIGCONT')
      }, 200)
    default:
      throw harm satisfies never
  }

  /** In the middle of a model call, or soon after it; any, where none makes one soon. */
  async function busyWorker(): Promise<Member> {
    const fromMs = Date.now()
    while (Date.now() < fromMs + MOST_WAIT_MS) {
      const name = backends.lastCaller(fromMs)
      const busy = fleet.workers.find((worker) => worker.name === name && worker.state === 'up')
      if (busy === undefined) await pause(10)
      else {
        await pause(ms % MOST_LATER_MS)
        return busy
      }
    }
    return chooseUp(fleet.workers, victim)
  }

  /** @param afterMs - how long others may notice. */
  async function hard(act: () => Promise<unknown>, afterMs: number): Promise<void> {
    const hardship: Hardship = { fromMs: Date.now(), toMs: undefined }
    journal.note(harm)
    world.hardships.push(hardship)
    try {
      await act()
      await pause(afterMs)
    } finally {
      hardship.toMs = Date.now()
    }
  }

  async function spoil(backend: 'vllm' | 'runpod'): Promise<void> {
    journal.note(`${harm} for ${ms} ms`)
    backends.mood[backend] = 0.4
    await pause(ms)
    backends.mood[backend] = 0
  }

  /** All open runs, for whoever comes first: also those that somebody works on. */
  async function queueTwice(): Promise<void> {
    journal.note(harm)
    const open = await store
      .rows<{ id: string; fence: number }>('select id, fence from runs where ended_at is null and not in_place')
      .catch(() => [])
    await Promise.allSettled(
      open.flatMap(({ id, fence }) =>
        [fence, fence + 1, 1_000].map((fence) => queue.add({ runId: id, fence, priority: 1 })),
      ),
    )
  }

  async function emptyQueue(): Promise<void> {
    if (redis === undefined) {
      await store.rows('delete from groundwire_queue.job').catch((error) => journal.note(`not emptied: ${error}`))
      return
    }
    const { Redis } = await import('ioredis')
    const client = new Redis(redis.url, { lazyConnect: true, retryStrategy: () => null })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.flushall()
    } catch {
    } finally {
      client.disconnect()
    }
  }
}
