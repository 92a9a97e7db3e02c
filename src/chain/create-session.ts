import { type Address, numberToHex } from 'viem'
import type { ChainName } from './chain-list.ts'
import { createChainScope } from './chain-scope.ts'
import type { BlockRef, ChainSession, Evidence } from './chain-session.ts'
import type { ChainStack } from './chain-stack.ts'
import { parseHead } from './head.ts'
import { createRunHead, type RunHead } from './run-head.ts'

/** Beyond this many reads a run keeps no more evidence. */
const MAX_EVIDENCE = 1_000

/**
 * @param options.stackOf - throws when a chain is not enabled.
 * @param options.from - blocks that earlier runs have read, to be read on; of several on one chain the last.
 */
export function createSession({
  stackOf,
  from = [],
}: {
  stackOf: (chain: ChainName) => ChainStack
  from?: readonly BlockRef[]
}): ChainSession {
  const heads = new Map<ChainName, RunHead>(
    from.map((block) => [block.chain, createRunHead({ chain: block.chain, from: block }, stackOf(block.chain).read)]),
  )
  const isSuperseded = ({ chain }: BlockRef, at: number) => from.findLastIndex((block) => block.chain === chain) !== at
  const evidence: Evidence[] = []
  const resolvedNames = new Map<string, Address>()

  const headOf = (chain: ChainName) => {
    const head = heads.get(chain) ?? createRunHead({ chain }, stackOf(chain).read)
    heads.set(chain, head)
    return head
  }
  const addEvidence = (read: Evidence) => {
    if (evidence.length < MAX_EVIDENCE) evidence.push(read)
  }
  const blocks = () => {
    const known = [...from.filter(isSuperseded), ...[...heads.values()].flatMap((head) => head.blocks())]
    return known.filter(({ hash }, at) => known.findIndex((block) => block.hash === hash) === at)
  }

  return {
    scope: (signal) => createChainScope({ signal, stackOf, headOf, addEvidence, resolvedNames }),
    evidence: () => [...evidence],
    blocks,
    async findReorgs(signal) {
      const checks = blocks().map(async (block) => ((await isReorged(block, stackOf, signal)) ? [block] : []))
      return (await Promise.all(checks)).flat()
    },
  }
}

/** A node that cannot be asked tells nothing, so it is no reorg. */
async function isReorged(
  { chain, number, hash }: BlockRef,
  stackOf: (chain: ChainName) => ChainStack,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const params = [numberToHex(number), false]
    const block = await stackOf(chain).ask({ method: 'eth_getBlockByNumber', params, signal })
    return parseHead(block)?.hash !== hash
  } catch {
    signal.throwIfAborted()
    return false
  }
}
