import type { Clause } from './clause.ts'
import { toNorm } from './words.ts'

/** "I am bob.eth", "my wallet is 0x…": the addresses that a user says are theirs; none where the clause asks something. */
export function ownAddresses({ tokens }: Clause): string[] {
  const asks = tokens.some(({ norm }) => ASKING.has(norm))
  const self = tokens.findIndex(({ norm }) => SELF.has(norm))
  if (asks || self === -1) return []
  return tokens
    .filter(({ kind }, at) => kind === 'address' && at > self && LINKING.has(tokens[at - 1]?.norm ?? ''))
    .map(({ text }) => text)
}

const SELF: ReadonlySet<string> = new Set(['i', 'my', 'our'])
const LINKING: ReadonlySet<string> = new Set(['is', 'am', 'are', 'i', 'have'])
const ASKING: ReadonlySet<string> = new Set(
  ['what', 'which', 'who', 'when', 'where', 'why', 'how', 'do', 'can'].map(toNorm),
)
