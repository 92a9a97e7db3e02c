import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { devClient } from './dev-client.ts'
import { type DevChain, type DevChainOptions, startDevChain } from './start.ts'

let dataDir: string

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'groundwire-data-'))
  return () => rm(dataDir, { recursive: true, force: true })
})

test('after stop() every node is gone, and nothing is left on disk', async () => {
  const temporary = await mkdtemp(join(dataDir, 'tmp-'))
  vi.stubEnv('TMPDIR', temporary)
  onTestFinished(() => void vi.unstubAllEnvs())
  const chain = await start({ chainIds: [8453, 42161] })
  expect(await readdir(temporary)).toHaveLength(2)
  expect(await readdir(join(dataDir, 'devchain'))).toHaveLength(2)
  expect(chain.chains.map(({ pid }) => isRunning(pid))).toEqual([true, true])
  await chain.stop()
  expect(chain.chains.map(({ pid }) => isRunning(pid))).toEqual([false, false])
  expect([await readdir(temporary), await readdir(join(dataDir, 'devchain'))]).toEqual([[], []])
  await chain.stop()
})

test('the tip is now, 200 blocks after the genesis, and two blocks back is final', async () => {
  const startedSec = Math.floor(Date.now() / 1000)
  const { chains } = await start({ chainIds: [8453] })
  const client = clientOf(chains[0])
  const tip = await client.getBlock()
  expect(Number(tip.timestamp)).toBeGreaterThanOrEqual(startedSec)
  expect(Number(tip.timestamp)).toBeLessThanOrEqual(Date.now() / 1000)
  expect(tip.number).toBe(chains[0]?.blockNumber)
  const final = await client.getBlock({ blockTag: 'finalized' })
  expect([tip.number - final.number, tip.timestamp - final.timestamp]).toEqual([2n, 2n * 12n])
})

test('rpcUrls has what the configuration wants, by chain id', async () => {
  const chain = await start({ chainIds: [8453, 42161] })
  expect(chain.rpcUrls).toEqual({ 8453: [chain.chains[0]?.url], 42161: [chain.chains[1]?.url] })
  expect(await Promise.all(chain.chains.map((running) => clientOf(running).getChainId()))).toEqual([8453, 42161])
})

test('two of them in one data directory leave each other alone', async () => {
  const first = await start({ chainIds: [8453] })
  const second = await start({ chainIds: [8453] })
  expect([...first.chains, ...second.chains].map(({ pid }) => isRunning(pid))).toEqual([true, true])
  await second.stop()
  expect(first.chains.map(({ pid }) => isRunning(pid))).toEqual([true])
})

test('with a block time blocks come by themselves, and their clock is the wall clock', async () => {
  const { chains } = await start({ chainIds: [8453], blockTimeSec: 1 })
  const client = clientOf(chains[0])
  const before = await client.getBlockNumber()
  await expect.poll(() => client.getBlockNumber(), { timeout: 5_000 }).toBeGreaterThan(before)
  const { timestamp } = await client.getBlock()
  expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(5)
})

test('the signal ends a running chain', async () => {
  const caller = new AbortController()
  const { chains } = await start({ chainIds: [8453], signal: caller.signal })
  caller.abort()
  await expect.poll(() => chains.map(({ pid }) => isRunning(pid))).toEqual([false])
})

test('the signal ends a start, and no node is left', async () => {
  const caller = new AbortController()
  const starting = startDevChain({ dataDir, chainIds: [8453], signal: caller.signal })
  await expect.poll(() => readdir(join(dataDir, 'devchain')).catch(() => []), { interval: 5 }).toHaveLength(1)
  caller.abort(new Error('changed my mind'))
  await expect(starting).rejects.toThrow('changed my mind')
  expect(await readdir(join(dataDir, 'devchain'))).toEqual([])
})

test('a binary that is no anvil is refused with its last words', async () => {
  await expect(startDevChain({ dataDir, chainIds: [8453], anvilPath: process.execPath })).rejects.toThrow(
    /^anvil ended with 9 before it listened: .*bad option/,
  )
})

async function start(options: DevChainOptions): Promise<DevChain> {
  const chain = await startDevChain({ dataDir, ...options })
  onTestFinished(() => chain.stop())
  return chain
}

function clientOf(chain: DevChain['chains'][number] | undefined) {
  if (chain === undefined) throw new Error('no chain was started')
  return devClient(chain.url, chain.chainId)
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
