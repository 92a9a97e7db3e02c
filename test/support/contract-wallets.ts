import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import {
  type Abi,
  type Address,
  createTestClient,
  encodeDeployData,
  encodeFunctionData,
  getContractAddress,
  type Hex,
  http,
  publicActions,
  walletActions,
  zeroHash,
} from 'viem'
import { mainnet } from 'viem/chains'
import { serializeErc6492Signature } from 'viem/utils'
import { startAnvil } from '../../devchain/anvil.ts'
import { findAnvil } from '../../devchain/anvil-binary.ts'

/** A chain of its own, with id 1, on which wallets may be contracts. */
export type WalletChain = AsyncDisposable & {
  url: string
  /** Address of a new wallet whose owner is `owner`. */
  deployWallet(owner: Address): Promise<Address>
  setOwner(wallet: Address, owner: Address): Promise<void>
  /** That a wallet of `owner` will have. */
  addressToBe(owner: Address): Address
  /** `signature` of its owner as that of such a wallet, by ERC-6492. */
  wrap(owner: Address, signature: Hex): Hex
  setCode(address: Address, code: Hex): Promise<void>
}

export async function startWalletChain(): Promise<WalletChain> {
  const [{ wallet, factory }, node] = await Promise.all([
    compile(),
    startAnvil(findAnvil({}), ['--chain-id', '1', '--accounts', '1', '--auto-impersonate']),
  ])
  const client = createTestClient({ mode: 'anvil', chain: mainnet, transport: http(node.url), pollingInterval: 10 })
    .extend(publicActions)
    .extend(walletActions)
  const deploy = async (data: Hex) => {
    const hash = await client.sendTransaction({ account: SENDER, data })
    const { contractAddress } = await client.waitForTransactionReceipt({ hash })
    return contractAddress as Address
  }
  await client.setBalance({ address: SENDER, value: 10n ** 20n })
  const factoryAddress = await deploy(factory.bytecode)
  const deployData = (owner: Address) => encodeDeployData({ ...wallet, args: [owner] })
  return {
    url: node.url,
    deployWallet: (owner) => deploy(deployData(owner)),
    async setOwner(address, owner) {
      const call = { address, abi: wallet.abi, functionName: 'setOwner', args: [owner], account: SENDER } as const
      await client.waitForTransactionReceipt({ hash: await client.writeContract(call) })
    },
    addressToBe: (owner) =>
      getContractAddress({ opcode: 'CREATE2', from: factoryAddress, salt: zeroHash, bytecode: deployData(owner) }),
    wrap: (owner, signature) =>
      serializeErc6492Signature({
        address: factoryAddress,
        data: encodeFunctionData({ abi: factory.abi, functionName: 'deploy', args: [owner, zeroHash] }),
        signature,
      }),
    setCode: (address, bytecode) => client.setCode({ address, bytecode }),
    [Symbol.asyncDispose]: node.stop,
  }
}

const SENDER = '0x00000000000000000000000000000000000000aa'

type Contract = { abi: Abi; bytecode: Hex }

/** Takes about a second. */
async function compile(): Promise<{ wallet: Contract; factory: Contract }> {
  const solc = createRequire(import.meta.url)('solc')
  const content = await readFile(new URL('./ContractWallets.sol', import.meta.url), 'utf8')
  const input = {
    language: 'Solidity',
    sources: { wallets: { content } },
    settings: { outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } } },
  }
  const { contracts } = JSON.parse(solc.compile(JSON.stringify(input)))
  const contractOf = (name: string) => {
    const { abi, evm } = contracts.wallets[name]
    return { abi, bytecode: `0x${evm.bytecode.object}` } as Contract
  }
  return { wallet: contractOf('ContractWallet'), factory: contractOf('ContractWalletFactory') }
}
