import type { ChainName } from './chain-list.ts'
import { countFaults, type NodeError } from './node-error.ts'

/** No node of a chain gave an answer. `hint` says what the operator can do: `Check RPC_URL_8453.` */
export class ChainUnavailableError extends Error {
  override readonly name = 'ChainUnavailableError'
  readonly chain: ChainName
  readonly faults: readonly NodeError[]

  constructor({ chain, faults, hint }: { chain: ChainName; faults: readonly NodeError[]; hint: string }) {
    super(toMessage(chain, faults, hint))
    this.chain = chain
    this.faults = faults
  }
}

function toMessage(chain: ChainName, faults: readonly NodeError[], hint: string): string {
  if (faults.some((fault) => fault.kind === 'too_wide')) {
    return `The nodes of ${chain} find the range of blocks too wide. Ask for fewer blocks.`
  }
  if (faults.length > 0 && faults.every((fault) => fault.kind === 'unknown_block')) {
    return `No node of ${chain} has that block or its state: it is yet to come, or older than what the nodes keep.`
  }
  return `No node of ${chain} answers (asked ${faults.length}: ${countFaults(faults)}). ${hint}`
}
