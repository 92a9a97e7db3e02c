import { type Hex, keccak256, numberToHex, pad, stringToHex } from 'viem'
import { TRANSFER } from '../../src/payments/deposits/parse-transfers.ts'
import { usdcOn } from '../../src/payments/deposits/usdc.ts'
import { createDice } from '../chaos/dice.ts'
import { scriptedBlockHash, scriptedRpcNode } from '../support/rpc-node.ts'
import { TOWN } from './town.ts'

/** What came to the treasury. Amounts are micro-credits. */
export type SentDeposit = { txHash: Hex; logIndex: number; sender: Hex; amount: bigint }

/** A chain that has deposits in nearly every block. */
export type DepositChain = {
  nodeUrl: string
  treasury: Hex
  /** From now on blocks become final. */
  start(): void
  /** From now on none does. @returns all deposits in those that have. */
  stop(): readonly SentDeposit[]
  close(): Promise<void>
}

export const DEPOSIT_CHAIN_ID = 8453
const USDC = usdcOn('base') as Hex
const TREASURY: Hex = `0x${'7'.repeat(40)}`
const GENESIS = 1_000n
const BLOCK_MS = 80

export async function startDepositChain(seed: number): Promise<DepositChain> {
  let final = GENESIS
  let isGrowing = false
  let grownAtMs = 0
  /** Where watchers are slow, so is the chain: whoever looks has little to credit, and is soon done. */
  const grow = () => {
    if (!isGrowing || Date.now() < grownAtMs + BLOCK_MS) return
    grownAtMs = Date.now()
    final++
  }
  const depositsOf = (block: bigint) => (block > GENESIS ? toDeposits(seed, block) : [])
  const node = await scriptedRpcNode({
    chainId: DEPOSIT_CHAIN_ID,
    answers: {
      eth_call: () => numberToHex(6, { size: 32 }),
      eth_getBlockByNumber: ([tag]) => {
        if (tag === 'finalized') grow()
        return toBlock(tag === 'latest' || tag === 'finalized' ? final : BigInt(String(tag)))
      },
      eth_getLogs: ([filter]) => {
        const { fromBlock, toBlock } = filter as { fromBlock: Hex; toBlock: Hex }
        return range(BigInt(fromBlock), BigInt(toBlock)).flatMap((block) =>
          depositsOf(block).map((deposit) => toLog(block, deposit)),
        )
      },
      eth_getTransactionReceipt: ([txHash]) => {
        const block = blockOf(String(txHash))
        const logs = depositsOf(block).filter((deposit) => deposit.txHash === txHash)
        return {
          status: '0x1',
          transactionHash: txHash,
          blockHash: scriptedBlockHash(block),
          logs: logs.map((deposit) => toLog(block, deposit)),
        }
      },
    },
  })
  return {
    nodeUrl: node.url,
    treasury: TREASURY,
    start() {
      isGrowing = true
    },
    stop() {
      isGrowing = false
      return range(GENESIS, final).flatMap(depositsOf)
    },
    close: node.close,
  }
}

/** The first is in the ledger's town. */
const SENDERS: readonly Hex[] = [TOWN[1], ...['c', 'd', 'e', 'f'].map((digit): Hex => `0x${digit.repeat(40)}`)]

/** Up to two, by one transaction or by two. */
function toDeposits(seed: number, block: bigint): readonly SentDeposit[] {
  const dice = createDice(`${seed} block ${block}`)
  return Array.from({ length: dice.between(0, 2) }, (_, logIndex) => ({
    txHash: toTxHash(block, dice.between(0, logIndex)),
    logIndex,
    sender: dice.pick(SENDERS),
    amount: BigInt(dice.between(1, 20)),
  }))
}

/** It holds the block that it is in. */
function toTxHash(block: bigint, index: number): Hex {
  return `${numberToHex(block, { size: 8 })}${keccak256(stringToHex(`${block} ${index}`)).slice(18)}`
}

const blockOf = (txHash: string) => BigInt(txHash.slice(0, 18))

const toBlock = (number: bigint) => ({
  number: numberToHex(number),
  hash: scriptedBlockHash(number),
  timestamp: numberToHex(1_700_000_000n + number),
  transactions: [],
})

const toLog = (block: bigint, { txHash, logIndex, sender, amount }: SentDeposit) => ({
  address: USDC,
  topics: [TRANSFER, pad(sender), pad(TREASURY)],
  data: numberToHex(amount, { size: 32 }),
  blockNumber: numberToHex(block),
  blockHash: scriptedBlockHash(block),
  transactionHash: txHash,
  logIndex: numberToHex(logIndex),
  removed: false,
})

function range(from: bigint, to: bigint): bigint[] {
  return Array.from({ length: Math.max(0, Number(to - from) + 1) }, (_, index) => from + BigInt(index))
}
