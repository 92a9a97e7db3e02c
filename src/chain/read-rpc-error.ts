import { isRevert, type RpcError } from './rpc-error.ts'

/** `answer`: what every node would say. The rest is of this node, and another may do better. */
export type RpcErrorMeaning = 'answer' | 'rate_limited' | 'too_wide' | 'unknown_block' | 'unserved_method' | 'failed'

/**
 * What a JSON-RPC error means. Providers agree on few codes (EIP-1474 is a start), so their wording is read as well:
 * the first row that fits counts.
 */
export function readRpcError(error: RpcError): RpcErrorMeaning {
  if (isRevert(error)) return 'answer'
  const row = ROWS.find(
    ({ codes, words }) => codes.includes(error.code) || words.some((word) => word.test(error.message)),
  )
  return row?.meaning ?? 'failed'
}

const ROWS: readonly { meaning: RpcErrorMeaning; codes: readonly number[]; words: readonly RegExp[] }[] = [
  {
    meaning: 'too_wide',
    codes: [],
    words: [
      /(more|greater|larger) than [\d,]+ (results|logs|blocks)/i,
      /block range.*(too|large|wide|limit)/i,
      /exceeds?.*(block range|range limit)/i,
      /(up to|limited to) an? [\d,]+k? (block )?range/i,
      /ranges? over [\d,]+ blocks/i,
      /too many blocks/i,
      /response size/i,
    ],
  },
  {
    meaning: 'rate_limited',
    // 429 and -32007 come from Alchemy and QuickNode.
    codes: [-32005, -32007, 429],
    words: [
      /rate.?limit/i,
      /too many requests/i,
      /(request|call)s? per (second|minute|day)/i,
      /(quota|capacity|credits?|compute units).*(exceed|exhaust)/i,
      /exceeded.*(quota|capacity|credits?|compute units)/i,
    ],
  },
  {
    meaning: 'unknown_block',
    codes: [],
    words: [
      /header .{0,80}not found/i,
      /(unknown|missing|no such) block/i,
      /block .{0,80}(not found|not available|unavailable|does not exist|unknown)/i,
      /block.?out.?of.?range/i,
      /trie node/i,
      /no state available|state .{0,80}(not available|unavailable|missing|pruned|not found)|historical state/i,
      /prun(ed|ing)/i,
      /archive/i,
      /beyond (current )?head|after last accepted|unfinalized data|maximum proof window/i,
    ],
  },
  {
    meaning: 'unserved_method',
    codes: [-32601, -32004],
    words: [
      /method .{0,80}(not (found|supported|available|allowed|whitelisted)|unsupported|does not exist)/i,
      /unsupported method/i,
    ],
  },
  {
    meaning: 'answer',
    codes: [-32600, -32602],
    words: [
      // anvil: EVM error OutOfGas, InvalidFEOpcode.
      /revert|out of gas|stack (under|over)flow|^EVM error/i,
      /invalid (opcode|jump|argument|param|address|hex)/i,
      /insufficient funds|gas required exceeds|intrinsic gas|fee cap|fee per gas|exceeds block gas limit/i,
    ],
  },
]
