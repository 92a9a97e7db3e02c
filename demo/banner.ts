import type { DevChain } from '../devchain/start.ts'
import { DEV_WALLET } from './deposit-usdc.ts'
import type { PickedModel } from './pick-model.ts'

export type BannerInput = {
  picked: PickedModel
  conductor: { model: string; why: string }
  chain: DevChain
  url: string
  startedInMs: number
  /** Undefined in free mode. */
  money: DemoMoney | undefined
}

export type DemoMoney = {
  adminKey: string | undefined
  treasury: string | undefined
  /** As the environment has it. */
  dataDir: string | undefined
}

/** What a person needs to ask their first question. */
export function toBanner({ picked, conductor, chain, url, startedInMs, money }: BannerInput): string {
  const chains = chain.chains.map(({ name, blockNumber }) => `${name} block ${blockNumber.toLocaleString('en-US')}`)
  return `
Groundwire answers after ${(startedInMs / 1000).toFixed(1)} s.

  operator   ${picked.operatorModel}: ${picked.why}
  conductor  ${conductor.model}, behind the queue: ${conductor.why}
  chain      ${chains.join(', ')}
             (a chain of this machine's own: genuine contracts, made-up balances and prices)
  url        ${url}/v1

${money === undefined ? toQuestions(url) : toFirstSteps(url, money)}
Ctrl-C stops everything.
`
}

function toQuestions(url: string): string {
  return `Paste this:

  curl ${url}/v1/chat/completions \\
    -H 'content-type: application/json' -H 'authorization: Bearer demo' \\
    -d '{"messages":[{"role":"user","content":"how many transactions has vitalik.eth sent on ethereum?"}]}'

Or leave it to the conductor, and ask later:

  curl ${url}/v1/chat/completions \\
    -H 'content-type: application/json' -H 'authorization: Bearer demo' \\
    -d '{"model":"conductor","background":true,"messages":[{"role":"user","content":"what is the eth balance of vitalik.eth?"}]}'
  curl ${url}/v1/runs -H 'authorization: Bearer demo'
`
}

function toFirstSteps(url: string, { adminKey, treasury, dataDir }: DemoMoney): string {
  const run = `${dataDir ? `DATA_DIR='${dataDir}' ` : ''}npm run`
  return `  admin key  ${adminKey}
  treasury   ${treasury}

Questions cost credits here. Make a key for a wallet, and have the wallet pay in, in another terminal:

  KEY=$(${run} --silent admin -- keys create --name me --wallet ${DEV_WALLET})
  ${run} deposit -- --amount 5 --from ${DEV_WALLET}

Then ask, and see what it has cost:

  curl ${url}/v1/chat/completions \\
    -H 'content-type: application/json' -H "authorization: Bearer $KEY" \\
    -d '{"messages":[{"role":"user","content":"how many transactions has vitalik.eth sent on ethereum?"}]}'
  curl ${url}/v1/account -H "authorization: Bearer $KEY"
`
}
