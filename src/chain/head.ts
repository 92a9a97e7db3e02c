import type { Hex } from 'viem'

/** What names a block, read from a block as JSON-RPC gives it. */
export type Head = { number: bigint; hash: Hex; timestampSec: number }

/** Undefined where `block` is no mined block: null, or one that is still pending. */
export function parseHead(block: unknown): Head | undefined {
  if (typeof block !== 'object' || block === null) return undefined
  const { number, hash, timestamp } = block as Record<string, unknown>
  if (!isQuantity(number) || !isHash(hash) || !isQuantity(timestamp)) return undefined
  return { number: BigInt(number), hash, timestampSec: Number(timestamp) }
}

function isQuantity(value: unknown): value is Hex {
  return typeof value === 'string' && /^0x[0-9a-f]{1,64}$/i.test(value)
}

function isHash(value: unknown): value is Hex {
  return typeof value === 'string' && /^0x[0-9a-f]{64}$/i.test(value)
}
