import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { recordNode, sweepOrphans } from './orphans.ts'
import { startDevChain } from './start.ts'

let dataDir: string
let records: string

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'groundwire-data-'))
  records = join(dataDir, 'devchain')
  return () => rm(dataDir, { recursive: true, force: true })
})

test.skipIf(process.platform === 'win32')('a node whose owner was killed ends with the next start', async () => {
  const owner = await startOwner()
  expect(await sweepOrphans(records)).toEqual([])
  owner.process.kill('SIGKILL')
  await once(owner.process, 'close')
  expect(await answers(owner.url)).toBe(true)

  const chain = await startDevChain({ dataDir, chainIds: [42161] })
  onTestFinished(() => chain.stop())
  expect(await answers(owner.url)).toBe(false)
  expect(await readdir(records)).toEqual(chain.chains.map(({ pid }) => `${pid}.json`))
})

test('an owner that exits without a stop takes its node along', async () => {
  const owner = await startOwner()
  owner.process.stdin.end()
  await once(owner.process, 'close')
  await expect.poll(() => answers(owner.url)).toBe(false)
  expect(await readdir(records)).toHaveLength(1)
  expect(await sweepOrphans(records)).toEqual([])
  expect(await readdir(records)).toEqual([])
})

test('a process that only has the pid of a recorded node is left alone', async () => {
  const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 60_000)'], { stdio: 'ignore' })
  onTestFinished(() => void bystander.kill('SIGKILL'))
  await once(bystander, 'spawn')
  const pid = bystander.pid as number
  const directory = join(dataDir, 'groundwire-devchain-gone')
  recordNode(records, { pid, ownerPid: 1, binary: process.execPath, directory, startedAtMs: 0 })
  expect(await sweepOrphans(records)).toEqual([])
  expect([bystander.exitCode, bystander.signalCode]).toEqual([null, null])
  expect(await readdir(records)).toEqual([])
})

/** A process of its own that starts a chain, and exits when its input ends. */
async function startOwner(): Promise<{ process: ChildProcessByStdio<Writable, Readable, null>; url: string }> {
  const script = `
    const { startDevChain } = await import(${JSON.stringify(new URL('./start.ts', import.meta.url).href)})
    const { chains } = await startDevChain({ dataDir: ${JSON.stringify(dataDir)}, chainIds: [8453] })
    console.log(JSON.stringify(chains[0].url))
    process.stdin.resume().once('end', () => process.exit())`
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void owner.stdin.end())
  const [line] = await once(createInterface(owner.stdout), 'line')
  return { process: owner, url: z.url().parse(JSON.parse(line)) }
}

async function answers(url: string): Promise<boolean> {
  try {
    await fetch(url, { method: 'POST' })
    return true
  } catch {
    return false
  }
}
