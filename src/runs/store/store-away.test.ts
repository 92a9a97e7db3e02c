import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { testDatabaseUrl } from '../../../test/support/database.ts'
import { newRun } from '../../../test/support/stored-runs.ts'
import { connectDatabase } from '../../db/connect-database.ts'
import { createRunStore } from './create-run-store.ts'

const AWAY = { status: 503, code: 'store_unavailable', retryAfterSec: 5 }

test('while Postgres is away callers hear so, and once it is back all goes on', async () => {
  const road = await openRoad(await testDatabaseUrl())
  const database = connectDatabase({ connectionString: road.url, advice: '' })
  onTestFinished(() => database.close())
  const limits = { runsPerCaller: 8, pendingPerCaller: 100, queueLimit: 1_000, queueTimeoutMs: 900_000 }
  const store = createRunStore({ database, limits, retentionMs: 1_000 })
  const { run } = await store.submit(newRun())
  const claim = await store.claim(run.id, 'worker 1')
  road.cut()
  await expect(store.submit(newRun())).rejects.toMatchObject(AWAY)
  await expect(store.find('alice', run.id)).rejects.toMatchObject(AWAY)
  await expect(store.renew(claim === undefined ? [] : [claim])).rejects.toMatchObject(AWAY)
  await expect(store.dueJobs(1)).rejects.toMatchObject(AWAY)
  road.mend()
  expect(await store.find('alice', run.id)).toMatchObject({ state: 'running' })
  expect(claim && (await store.renew([claim]))).toEqual([])
})

/** A way to the server that can be cut. */
async function openRoad(target: string): Promise<{ url: string; cut(): void; mend(): void }> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((near) => {
    if (isCut) return near.destroy()
    const far = connect(Number(port), hostname)
    for (const [one, other] of [[near, far] as const, [far, near] as const]) {
      sockets.add(one)
      one.pipe(other)
      one.on('error', () => other.destroy()).on('close', () => other.destroy())
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const cut = () => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  onTestFinished(() => {
    cut()
    server.close()
  })
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    cut,
    mend: () => {
      isCut = false
    },
  }
}
