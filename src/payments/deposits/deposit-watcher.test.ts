import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { type Address, type Hex, pad } from 'viem'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createControl, type DevControl } from '../../../devchain/control.ts'
import { loadMeta } from '../../../devchain/meta.ts'
import { type DevChain, startDevChain } from '../../../devchain/start.ts'
import { testDatabase } from '../../../test/support/database.ts'
import { type RelayedCall, type RelayNode, relayNode } from '../../../test/support/relay-node.ts'
import { verifyLedger } from '../../accounts/verify/verify-ledger.ts'
import { createChains } from '../../chain/chains.ts'
import type { Database } from '../../db/database.ts'
import { createDepositWatcher } from './create-deposit-watcher.ts'
import type { DepositWatcher } from './deposit-watcher.ts'
import { usdcOn } from './usdc.ts'

const CHAIN_ID = 8453
const USDC = usdcOn('base') as Address

let devChain: DevChain
let dataDir: string
let nodeUrl: string
let control: DevControl
let alice: Address
let bob: Address

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'groundwire-data-'))
  devChain = await startDevChain({ dataDir, chainIds: [CHAIN_ID] })
  nodeUrl = devChain.rpcUrls[CHAIN_ID]?.[0] ?? ''
  control = createControl({ url: nodeUrl, chainId: CHAIN_ID })
  const { accounts } = await loadMeta(CHAIN_ID)
  const addressOf = (label: string) => accounts.find((account) => account.label === label)?.address as Address
  alice = addressOf('alice')
  bob = addressOf('bob')
  await control.transferToken({ token: USDC, from: alice, to: bob, amount: 1_000_000_000n })
  await control.setBalance(bob, 10n ** 18n)
})
afterAll(async () => {
  await devChain?.stop()
  await rm(dataDir, { recursive: true, force: true })
})

let database: Database
let treasury: Address
let node: RelayNode
let logged: { level: string; message: string }[]
let opened: (() => Promise<void>)[]
beforeEach(async () => {
  database = await testDatabase()
  treasury = `0x${randomBytes(20).toString('hex')}`
  node = await relayNode(nodeUrl)
  logged = []
  opened = []
})
afterEach(async () => {
  for (const close of opened) await close()
  await node[Symbol.asyncDispose]()
})

describe('a deposit', () => {
  test('is credited to the wallet that sent it once its block is final, and not before', async () => {
    const watcher = await watch()
    const txHash = await deposit(alice, 1_250_000n)
    await watcher.look()
    await control.mine(1)
    await watcher.look()
    expect(await balances()).toEqual({})
    await control.mine(1)
    await watcher.look()
    await watcher.look()
    expect(await balances()).toEqual({ [alice.toLowerCase()]: 1_250_000n })
    expect(await rowsOf('deposits')).toMatchObject([
      { chain_id: CHAIN_ID, tx_hash: txHash, log_index: 0, sender: alice.toLowerCase(), amount: 1_250_000 },
    ])
    expect(await rowsOf('ledger_transfers')).toMatchObject([{ kind: 'deposit', ref: `${CHAIN_ID}:${txHash}:0` }])
    expect(await rowsOf('audit_log')).toMatchObject([
      {
        ...{ actor: 'gateway', action: 'deposit.credited', subject: alice.toLowerCase() },
        details: { amount: '1.25', chain_id: CHAIN_ID, transaction: txHash, log_index: 0 },
      },
    ])
    expect(logged).toContainEqual({ level: 'info', message: expect.stringContaining('"credits":"1.25"') })
    expect((await verifyLedger(database.db)).find(({ id }) => id === 'I14')).toMatchObject({
      checked: 1,
      violations: [],
    })
  })

  test('in a block that is replaced before it is final credits nobody', async () => {
    const watcher = await watch()
    await deposit(alice, 1_000_000n)
    await control.mine(1)
    await watcher.look()
    await control.reorg(2)
    await control.mine(4)
    await watcher.look()
    expect(await balances()).toEqual({})
    expect(watcher.status()).toMatchObject([{ lagBlocks: 0, fault: undefined }])
  })

  test('that was final before anybody looked is not credited', async () => {
    await deposit(alice, 1_000_000n)
    await control.mine(2)
    const watcher = await watch()
    await control.mine(3)
    await watcher.look()
    expect(await balances()).toEqual({})
  })

  test('that came while no process ran is credited by the next one, which goes on where the last has stopped', async () => {
    const first = await watch()
    await first.stop()
    await deposit(alice, 1_000_000n)
    await deposit(bob, 2_000_000n)
    await deposit(alice, 3_000_000n)
    await control.mine(2)
    const second = await watch()
    expect(await balances()).toEqual({ [alice.toLowerCase()]: 4_000_000n, [bob.toLowerCase()]: 2_000_000n })
    expect(second.status()).toMatchObject([{ chain: 'base', chainId: CHAIN_ID, lagBlocks: 0 }])
  })

  test('is credited once by several processes that look at once', async () => {
    const watchers = await Promise.all([watch(), watch(), watch()])
    for (const amount of [1_000_000n, 2_000_000n, 3_000_000n]) {
      await deposit(alice, amount)
      await deposit(bob, amount)
      await control.mine(2)
      await Promise.all(watchers.map((watcher) => watcher.look()))
    }
    expect(await balances()).toEqual({ [alice.toLowerCase()]: 6_000_000n, [bob.toLowerCase()]: 6_000_000n })
    expect(await rowsOf('deposits')).toHaveLength(6)
    expect(watchers.flatMap((watcher) => watcher.status().map(({ fault }) => fault))).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  test('is credited once where the store breaks off in the middle', async () => {
    const watcher = await watch()
    await deposit(alice, 1_000_000n)
    await deposit(bob, 2_000_000n)
    await control.mine(2)
    // The second of the two is written down when this one has been.
    await sql`create unique index one_only on audit_log (action)`.execute(database.db)
    const before = await rowsOf('deposit_cursors')
    await watcher.look()
    expect(await balances()).toEqual({})
    expect(await rowsOf('deposit_cursors')).toMatchObject([{ next_block: before[0]?.next_block }])
    await sql`drop index one_only`.execute(database.db)
    await watcher.look()
    expect(await balances()).toEqual({ [alice.toLowerCase()]: 1_000_000n, [bob.toLowerCase()]: 2_000_000n })
  })

  test('of nothing, of the treasury to itself and of tokens that are minted credits nobody', async () => {
    const { operator } = await loadMeta(CHAIN_ID)
    const watcher = await watch()
    await deposit(alice, 0n)
    await deposit(alice, 5_000_000n)
    await control.setBalance(treasury, 10n ** 18n)
    await deposit(treasury, 1_000_000n)
    await mint(operator, 9_000_000n)
    await control.mine(2)
    await watcher.look()
    expect(await balances()).toEqual({ [alice.toLowerCase()]: 5_000_000n })
    expect(logged).toContainEqual({ level: 'warn', message: expect.stringMatching(/"credits":"9".* no wallet/) })
  })
})

describe('a look', () => {
  test('takes at most a thousand blocks in one request', async () => {
    const watcher = await watch()
    await deposit(alice, 1_000_000n)
    await control.mine(1_100)
    await deposit(bob, 2_000_000n)
    await control.mine(2)
    await watcher.look()
    expect(spans().every((span) => span <= 1_000)).toBe(true)
    expect(spans().length).toBeGreaterThanOrEqual(2)
    expect(await balances()).toEqual({ [alice.toLowerCase()]: 1_000_000n, [bob.toLowerCase()]: 2_000_000n })
  })

  test('takes fewer blocks where a node finds them too many, and remembers it', async () => {
    node.retell = ({ method, params }, result) => {
      if (method === 'eth_getLogs' && spanOf(params) > 20) {
        throw { code: -32600, message: 'You can make eth_getLogs requests with up to a 20 block range.' }
      }
      return result
    }
    const watcher = await watch()
    await deposit(alice, 1_000_000n)
    await control.mine(80)
    await watcher.look()
    expect(await balances()).toEqual({ [alice.toLowerCase()]: 1_000_000n })
    await control.mine(60)
    const asked = spans().length
    await watcher.look()
    expect(
      spans()
        .slice(asked)
        .every((span) => span <= 20),
    ).toBe(true)
    expect(watcher.status()).toMatchObject([{ lagBlocks: 0, fault: undefined }])
  })

  test('that finds no new final block costs one request', async () => {
    const watcher = await watch()
    const asked = node.calls.length
    await watcher.look()
    expect(
      node.calls
        .slice(asked)
        .map(({ method }) => method)
        .toSorted(),
    ).toEqual(['eth_chainId', 'eth_getBlockByNumber'])
  })

  test('is left to another process that has just looked', async () => {
    await watch({ everyMs: 60_000 })
    const asked = node.calls.length
    const second = await watch({ everyMs: 60_000 })
    expect(node.calls.slice(asked)).toEqual([])
    expect(second.status()).toMatchObject([{ nextBlock: expect.any(BigInt), fault: undefined }])
  })
})

describe('a node that lies', () => {
  const lies: Record<string, (log: WireLog) => unknown> = {
    'of another token': (log) => [{ ...log, address: `0x${'1'.repeat(40)}` }],
    'of another event': (log) => [{ ...log, topics: [`0x${'2'.repeat(64)}`, ...log.topics.slice(1)] }],
    'of a transfer to somebody else': (log) => [{ ...log, topics: [...log.topics.slice(0, 2), log.topics[1]] }],
    'of another amount': (log) => [{ ...log, data: `0x${'f'.repeat(10).padStart(64, '0')}` }],
    'of an amount that cannot be': (log) => [{ ...log, data: `0x${'f'.repeat(64)}` }],
    'of another sender': (log) => [{ ...log, topics: [log.topics[0], pad(bob).toLowerCase(), log.topics[2]] }],
    'of a transfer that was taken back': (log) => [{ ...log, removed: true }],
    'of another block': (log) => [{ ...log, blockNumber: '0x1' }],
    'of a block that is not on the chain': (log) => [{ ...log, blockHash: `0x${'3'.repeat(64)}` }],
    'of a transaction that is not on the chain': (log) => [{ ...log, transactionHash: `0x${'4'.repeat(64)}` }],
    'of one more transfer in its place': (log) => [log, log],
    'of one more transfer elsewhere': (log) => [log, { ...log, logIndex: '0x9' }],
    'in words that are no log': (log) => [{ ...log, topics: 'Transfer' }],
  }
  test('about transfers moves no credits, and the truth does later', async () => {
    const watcher = await watch()
    await deposit(alice, 1_000_000n)
    await control.mine(2)
    for (const [about, lie] of Object.entries(lies)) {
      node.retell = ({ method }, result) =>
        method === 'eth_getLogs' ? lie((result as WireLog[])[0] as WireLog) : result
      await watcher.look()
      expect(await balances(), about).toEqual({})
      expect(watcher.status()[0]?.fault, about).toMatch(/^The nodes give /)
    }
    node.retell = undefined
    await watcher.look()
    expect(await balances()).toEqual({ [alice.toLowerCase()]: 1_000_000n })
    expect(watcher.status()[0]?.fault).toBe(undefined)
  })

  test('of what is final is found out where its block is asked for', async () => {
    const watcher = await watch()
    await deposit(alice, 1_000_000n)
    await control.mine(2)
    node.retell = ({ method, params }, result) =>
      method === 'eth_getBlockByNumber' && params[0] === 'finalized'
        ? { ...(result as object), hash: `0x${'5'.repeat(64)}` }
        : result
    await watcher.look()
    expect(await balances()).toEqual({})
    expect(watcher.status()[0]?.fault).toBe('The nodes disagree on what is final.')
  })
})

describe('no deposit is credited', () => {
  test.each([
    ['says nothing', () => null],
    [
      'does not know the word',
      () => {
        throw { code: -32602, message: 'invalid argument 0: hex string without 0x prefix' }
      },
    ],
    [
      'has none',
      () => {
        throw { code: -39001, message: 'finalized block not found' }
      },
    ],
  ])('where a node, asked for the final block, %s', async (_, say) => {
    node.retell = ({ method, params }, result) =>
      method === 'eth_getBlockByNumber' && params[0] === 'finalized' ? say() : result
    const watcher = await watch()
    expect(watcher.status()[0]?.fault).toBe('The nodes do not tell which block is final: use others.')
    expect(await rowsOf('deposit_cursors')).toEqual([])
  })

  test('where the token has other decimals than USDC', async () => {
    node.retell = ({ method }, result) => (method === 'eth_call' ? `0x${'12'.padStart(64, '0')}` : result)
    const watcher = await watch()
    expect(watcher.status()[0]?.fault).toBe(`The token ${USDC} has 18 decimals, and USDC has 6.`)
  })

  test('on a chain that is not the one that was looked at', async () => {
    const watcher = await watch()
    await deposit(alice, 1_000_000n)
    await control.mine(2)
    await database.db
      .updateTable('deposit_cursors')
      .set({ last_hash: `0x${'6'.repeat(64)}` })
      .execute()
    await watcher.look()
    expect(await balances()).toEqual({})
    expect(watcher.status()[0]?.fault).toMatch(/^Block \d+ was final, and the nodes have another now\./)
  })
})

test('a node that is away is told of once, and what came meanwhile is credited when it is back', async () => {
  const watcher = await watch({ everyMs: 20 })
  node.isDown = true
  watcher.start()
  await expect.poll(() => watcher.status()[0]?.fault).toMatch(/^No node of base answers/)
  await deposit(alice, 1_000_000n)
  await control.mine(2)
  node.isDown = false
  await expect.poll(balances, { timeout: 15_000 }).toEqual({ [alice.toLowerCase()]: 1_000_000n })
  await watcher.stop()
  expect(logged.filter(({ message }) => message.includes('cannot be credited'))).toHaveLength(1)
  expect(logged.filter(({ message }) => message.includes('credited again'))).toHaveLength(1)
  expect(JSON.stringify(logged)).not.toContain(node.url)
})

/** One that has looked. */
async function watch({ everyMs = 0 }: { everyMs?: number } = {}): Promise<DepositWatcher> {
  const chains = createChains({ chains: ['base'], rpcUrls: { [CHAIN_ID]: [node.url] } })
  const note = (level: string) => (fields: object, message: string) =>
    void logged.push({ level, message: `${JSON.stringify(fields)} ${message}` })
  const log = { info: note('info'), warn: note('warn') } as unknown as Parameters<typeof createDepositWatcher>[0]['log']
  const watcher = createDepositWatcher({ database, chains, treasury, chainNames: ['base'], everyMs, log })
  opened.push(
    () => watcher.stop(),
    () => chains.close(),
  )
  await watcher.look()
  return watcher
}

function deposit(from: Address, amount: bigint): Promise<Hex> {
  return control.transferToken({ token: USDC, from, to: treasury, amount })
}

async function mint(operator: Address, amount: bigint): Promise<void> {
  const data = `0x40c10f19${treasury.slice(2).padStart(64, '0')}${amount.toString(16).padStart(64, '0')}`
  const params = [{ from: operator, to: USDC, data }]
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_sendTransaction', params })
  await fetch(nodeUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
}

async function balances(): Promise<Record<string, bigint>> {
  const rows = await sql<{ id: string; balance: string }>`select id, balance::text from accounts`.execute(database.db)
  return Object.fromEntries(rows.rows.map(({ id, balance }) => [id, BigInt(balance)]))
}

async function rowsOf(table: string): Promise<Record<string, unknown>[]> {
  return (await sql<Record<string, unknown>>`select * from ${sql.table(table)}`.execute(database.db)).rows
}

type WireLog = { topics: string[] } & Record<string, unknown>

function spans(): number[] {
  return node.calls.filter(({ method }) => method === 'eth_getLogs').map(({ params }) => spanOf(params))
}

function spanOf(params: RelayedCall['params']): number {
  const { fromBlock, toBlock } = params[0] as { fromBlock: Hex; toBlock: Hex }
  return Number(BigInt(toBlock) - BigInt(fromBlock)) + 1
}
