import type { DevChain } from '../devchain/start.ts'
import type { PickedModel } from './pick-model.ts'

export type BannerInput = { picked: PickedModel; chain: DevChain; url: string; startedInMs: number }

/** What a person needs to ask their first question. */
export function toBanner({ picked, chain, url, startedInMs }: BannerInput): string {
  const chains = chain.chains.map(({ name, blockNumber }) => `${name} block ${blockNumber.toLocaleString('en-US')}`)
  return `
Groundwire answers after ${(startedInMs / 1000).toFixed(1)} s.

  model   ${picked.operatorModel}: ${picked.why}
  chain   ${chains.join(', ')}
          (a chain of this machine's own: genuine contracts, made-up balances and prices)
  url     ${url}/v1

Paste this:

  curl ${url}/v1/chat/completions \\
    -H 'content-type: application/json' -H 'authorization: Bearer demo' \\
    -d '{"messages":[{"role":"user","content":"how many transactions has vitalik.eth sent on ethereum?"}]}'

Ctrl-C stops everything.
`
}
