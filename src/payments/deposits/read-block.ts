import { type Hex, numberToHex } from 'viem'
import { type Head, parseHead } from '../../chain/head.ts'
import type { Rpc } from '../../chain/rpc.ts'

/** Its hash is in lower case. Undefined where the nodes know no such block. */
export async function readBlock(ask: Rpc, block: bigint | 'finalized', signal: AbortSignal): Promise<Head | undefined> {
  const at = typeof block === 'bigint' ? numberToHex(block) : block
  const head = parseHead(await ask({ method: 'eth_getBlockByNumber', params: [at, false], signal }))
  return head && { ...head, hash: head.hash.toLowerCase() as Hex }
}
