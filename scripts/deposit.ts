import { parseArgs } from 'node:util'
import { type Address, isAddress } from 'viem'
import { findDemo } from '../demo/demo-record.ts'
import { DEV_WALLET, depositUsdc } from '../demo/deposit-usdc.ts'
import { DEV_CHAIN_NAMES, DEV_CHAINS } from '../devchain/dev-client.ts'
import { parseCreditText } from '../src/accounts/credits.ts'
import { findChainName } from '../src/chain/chain-list.ts'
import { ConfigError, parseConfig } from '../src/config.ts'

const NAMES = Object.values(DEV_CHAIN_NAMES).join(', ')
const USAGE = `Sends USDC to the treasury of a demo that runs, on the demo's own chains: made-up money, for real credits there.

  npm run deposit -- --amount 5                  from ${DEV_WALLET}
  npm run deposit -- --amount 5 --from 0x…       from another wallet: the demo's chains let everybody act for it
  npm run deposit -- --amount 5 --chain base     on ${NAMES}; ethereum where unset

The demo has a treasury where questions cost something: FREE_MODE=0 npm run demo
`

process.exitCode = await main()

/** @returns the exit code: 0 when done, 1 when that failed, 2 for a wrong command line or environment. */
async function main(): Promise<number> {
  try {
    const { values } = parseArgs({
      options: {
        help: { type: 'boolean', short: 'h' },
        amount: { type: 'string' },
        from: { type: 'string', default: DEV_WALLET },
        chain: { type: 'string', default: 'ethereum' },
      },
    })
    if (values.help === true) {
      console.log(USAGE)
      return 0
    }
    const amount = parseCreditText(values.amount ?? '')
    if (amount === undefined || amount === 0n) return refuse('--amount must be an amount of USDC: 5 or 1.25')
    if (!isAddress(values.from)) return refuse('--from must be a wallet: 0x and 40 hexadecimal digits')
    const chain = DEV_CHAINS.find(({ id }) => DEV_CHAIN_NAMES[id] === findChainName(values.chain))
    if (chain === undefined) return refuse(`--chain must be one of ${NAMES}`)

    const { dataDir } = parseConfig(process.env)
    const demo = findDemo(dataDir)
    if (demo?.treasury === undefined) {
      const what = demo === undefined ? `No demo runs on ${dataDir}` : 'The demo that runs has no treasury'
      console.error(`${what}. Start one in another terminal: FREE_MODE=0 npm run demo`)
      return 1
    }
    const url = demo.rpcUrls[chain.id]?.[0] ?? ''
    const treasury = demo.treasury as Address
    const hash = await depositUsdc({ url, chainId: chain.id, from: values.from, treasury, amount })
    const name = DEV_CHAIN_NAMES[chain.id]
    console.log(`${values.amount} USDC went from ${values.from} to the treasury ${treasury} on ${name}.

  transaction  ${hash}

It is final; the credits are in the wallet's account within a few seconds:

  ${process.env.DATA_DIR ? `DATA_DIR='${dataDir}' ` : ''}npm run admin -- accounts show ${values.from}`)
    return 0
  } catch (error) {
    if (error instanceof ConfigError || isUsageError(error)) return refuse(error.message)
    console.error(error instanceof Error ? error.message : error)
    return 1
  }
}

function refuse(why: string): number {
  console.error(`${why}\n\n${USAGE}`)
  return 2
}

function isUsageError(error: unknown): error is Error {
  return error instanceof Error && String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS')
}
