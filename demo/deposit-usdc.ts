import { type Address, erc20Abi, type Hash, parseEther } from 'viem'
import { type DevChainId, devClient } from '../devchain/dev-client.ts'
import { loadMeta } from '../devchain/meta.ts'

/** An account that development chains are known for; everybody has its key. */
export const DEV_WALLET: Address = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266'

export type DevDeposit = {
  /** Of a development node, which acts in anybody's name. */
  url: string
  chainId: DevChainId
  from: Address
  treasury: Address
  /** Units of USDC. */
  amount: bigint
}

/** As {@link sendUsdc}, and mines until that is final. */
export async function depositUsdc(deposit: DevDeposit): Promise<Hash> {
  const hash = await sendUsdc(deposit)
  await devClient(deposit.url, deposit.chainId).mine({ blocks: BLOCKS_TO_FINAL })
  return hash
}

/** Gives a wallet USDC, and has it send them to the treasury. */
export async function sendUsdc({ url, chainId, from, treasury, amount }: DevDeposit): Promise<Hash> {
  const client = devClient(url, chainId)
  const { tokens, whale } = await loadMeta(chainId)
  const token = tokens.find(({ symbol, kind }) => symbol === 'USDC' && kind === 'listed')
  if (token === undefined) throw new Error(`The development chain ${chainId} has no USDC.`)
  const transfer = async (sender: Address, to: Address) => {
    if ((await client.getBalance({ address: sender })) < FOR_GAS) {
      await client.setBalance({ address: sender, value: FOR_GAS })
    }
    const call = { address: token.address, abi: erc20Abi, functionName: 'transfer', args: [to, amount] } as const
    const hash = await client.writeContract({ ...call, account: sender })
    await client.mine({ blocks: 1 })
    const { status } = await client.waitForTransactionReceipt({ hash })
    if (status !== 'success') throw new Error(`The transfer ${hash} has failed.`)
    return hash
  }
  await transfer(whale, from)
  return transfer(from, treasury)
}

const FOR_GAS = parseEther('0.05')
/** As development nodes are started. */
const BLOCKS_TO_FINAL = 2
