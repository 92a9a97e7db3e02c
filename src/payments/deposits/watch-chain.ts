import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import { encodeFunctionData, erc20Abi, type Hex } from 'viem'
import { toCreditText } from '../../accounts/credits.ts'
import { CHAINS, type ChainName } from '../../chain/chain-list.ts'
import { ChainUnavailableError } from '../../chain/chain-unavailable-error.ts'
import type { Head } from '../../chain/head.ts'
import type { Rpc } from '../../chain/rpc.ts'
import { AnswerTooLargeError, RpcError } from '../../chain/rpc-error.ts'
import type { Tables } from '../../db/schema.ts'
import { creditDeposits } from './credit-deposits.ts'
import { beginCursor, type Cursor, claimCursor } from './cursor.ts'
import type { DepositStatus } from './deposit-watcher.ts'
import { DistrustError } from './distrust-error.ts'
import { readBlock } from './read-block.ts'
import { readLook } from './read-look.ts'
import { USDC_DECIMALS } from './usdc.ts'

/** One chain's part of the watch. */
export type ChainWatch = {
  /** False where another process does. @throws whatever kept it from looking. */
  look(signal: AbortSignal): Promise<boolean>
  status(): Omit<DepositStatus, 'fault'>
}

export type ChainWatchDeps = {
  db: Kysely<Tables>
  ask: Rpc
  chain: ChainName
  token: Hex
  treasury: Hex
  /** Another process that has looked within this time looks for this one too. */
  freshMs: number
  log: Pick<Logger, 'info' | 'warn'>
}

export function createChainWatch(deps: ChainWatchDeps): ChainWatch {
  const { db, ask, chain, token, treasury, freshMs, log } = deps
  const place = { chainId: CHAINS[chain].id, token, treasury }
  let hasDecimals = false
  let nextBlock: bigint | undefined
  let finalBlock: bigint | undefined
  /** The most blocks that the nodes have not found too many. */
  let most = MOST_BLOCKS
  let blocks = MOST_BLOCKS

  async function look(signal: AbortSignal): Promise<boolean> {
    const claim = await claimCursor(db, place, freshMs)
    nextBlock = claim?.nextBlock ?? nextBlock
    if (claim?.isDue === false) return false
    if (!hasDecimals) await checkDecimals(ask, token, signal)
    hasDecimals = true
    const final = await readFinal(ask, signal)
    finalBlock = final.number
    if (claim === undefined) {
      await beginCursor(db, place, { nextBlock: final.number + 1n, lastHash: final.hash })
      nextBlock = final.number + 1n
    } else {
      await goOn(claim, final, signal)
    }
    return true
  }

  async function goOn(cursor: Cursor, final: Head, signal: AbortSignal): Promise<void> {
    let from: Cursor | undefined = cursor
    for (let reads = 0; from !== undefined && from.nextBlock <= final.number && reads < MOST_READS; reads++) {
      nextBlock = from.nextBlock
      from = await lookFrom(from, final, signal)
      nextBlock = from?.nextBlock ?? nextBlock
    }
  }

  /** Where to go on from; undefined where another process does. */
  async function lookFrom(from: Cursor, final: Head, signal: AbortSignal): Promise<Cursor | undefined> {
    try {
      const { end, deposits, unclaimed } = await readLook(ask, { ...place, from, blocks, final }, signal)
      const credited = await creditDeposits(db, { ...place, from, to: end, deposits })
      if (credited === undefined) return undefined
      blocks = min(2n * blocks, most)
      for (const { sender, amount, txHash } of credited) {
        log.info({ chain, account: sender, credits: toCreditText(amount), txHash }, 'a deposit was credited')
      }
      for (const { amount, txHash } of unclaimed) {
        log.warn(
          { chain, credits: toCreditText(amount), txHash },
          'a deposit that no wallet has sent is credited to none',
        )
      }
      return end
    } catch (error) {
      const isTooWide = findsTooWide(error)
      // Fewer may do where an answer takes too long, too.
      const fewer = blocks / 2n
      if (fewer > 0n) blocks = fewer
      if (!isTooWide || fewer === 0n) throw error
      most = fewer
      return from
    }
  }

  return {
    look,
    status: () => ({
      chain,
      chainId: place.chainId,
      nextBlock,
      finalBlock,
      lagBlocks:
        nextBlock === undefined || finalBlock === undefined
          ? undefined
          : Math.max(0, Number(finalBlock + 1n - nextBlock)),
    }),
  }
}

/** In one request, and requests in one look. */
const MOST_BLOCKS = 1_000n
const MOST_READS = 50

/** A unit of the token is a micro-credit only where it has as many decimals. @throws {@link DistrustError} */
async function checkDecimals(ask: Rpc, token: Hex, signal: AbortSignal): Promise<void> {
  const data = encodeFunctionData({ abi: erc20Abi, functionName: 'decimals' })
  const answer = await ask({ method: 'eth_call', params: [{ to: token, data }, 'latest'], signal })
  const decimals = typeof answer === 'string' && /^0x[0-9a-f]{64}$/i.test(answer) ? Number(answer) : undefined
  if (decimals !== USDC_DECIMALS) {
    throw new DistrustError(`The token ${token} has ${decimals ?? 'no'} decimals, and USDC has ${USDC_DECIMALS}.`)
  }
}

/** @throws {@link DistrustError} where the nodes do not tell: a block that may be replaced is no ground to give credits on. */
async function readFinal(ask: Rpc, signal: AbortSignal): Promise<Head> {
  const final = await readBlock(ask, 'finalized', signal).catch((error: unknown) => {
    if (isRefusal(error)) return undefined
    throw error
  })
  if (final === undefined) throw new DistrustError('The nodes do not tell which block is final: use others.')
  return final
}

/** The nodes answer, and say that they cannot. */
function isRefusal(error: unknown): boolean {
  if (error instanceof RpcError) return true
  return error instanceof ChainUnavailableError && error.faults.every(({ kind }) => kind === 'unknown_block')
}

function findsTooWide(error: unknown): boolean {
  if (error instanceof AnswerTooLargeError) return true
  return error instanceof ChainUnavailableError && error.faults.some(({ kind }) => kind === 'too_wide')
}

const min = (a: bigint, b: bigint) => (a < b ? a : b)
