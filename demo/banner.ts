import type { DevChain } from '../devchain/start.ts'
import type { PickedModel } from './pick-model.ts'

export type BannerInput = {
  picked: PickedModel
  conductor: { model: string; why: string }
  chain: DevChain
  url: string
  startedInMs: number
}

/** What a person needs to ask their first question. */
export function toBanner({ picked, conductor, chain, url, startedInMs }: BannerInput): string {
  const chains = chain.chains.map(({ name, blockNumber }) => `${name} block ${blockNumber.toLocaleString('en-US')}`)
  return `
Groundwire answers after ${(startedInMs / 1000).toFixed(1)} s.

  operator   ${picked.operatorModel}: ${picked.why}
  conductor  ${conductor.model}, behind the queue: ${conductor.why}
  chain      ${chains.join(', ')}
             (a chain of this machine's own: genuine contracts, made-up balances and prices)
  url        ${url}/v1

Paste this:

  curl ${url}/v1/chat/completions \\
    -H 'content-type: application/json' -H 'authorization: Bearer demo' \\
    -d '{"messages":[{"role":"user","content":"how many transactions has vitalik.eth sent on ethereum?"}]}'

Or leave it to the conductor, and ask later:

  curl ${url}/v1/chat/completions \\
    -H 'content-type: application/json' -H 'authorization: Bearer demo' \\
    -d '{"model":"conductor","background":true,"messages":[{"role":"user","content":"what is the eth balance of vitalik.eth?"}]}'
  curl ${url}/v1/runs -H 'authorization: Bearer demo'

Ctrl-C stops everything.
`
}
