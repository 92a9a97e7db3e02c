import {
  type Address,
  encodeDeployData,
  encodeFunctionData,
  getAddress,
  type Hash,
  type Hex,
  keccak256,
  toHex,
} from 'viem'
import type { DevClient } from '../dev-client.ts'
import type { Artifact } from './artifacts.ts'

/** Puts contracts and their state on a development node whose gas is free and that mines when told. */
export type Builder = {
  /** Runs the constructor where the contract is to stand, so its storage and its own address come out right. */
  place(address: Address, artifact: Artifact, args?: readonly unknown[]): Promise<void>
  /** Calls a function in somebody's name. */
  send(from: Address, to: Address, artifact: Artifact, functionName: string, args: readonly unknown[]): Promise<void>
  /** @throws Error that names every call and constructor that reverted. */
  finish(): Promise<void>
}

const GAS = toHex(15_000_000)

export function createBuilder(client: DevClient, operator: Address): Builder {
  const sent: { hash: Hash; what: string }[] = []
  const transact = async (from: Address, to: Address, data: Hex, what: string) => {
    // Asked of the node as it is: viem's own action asks for the chain and the fees first, each time.
    const hash = await client.request({
      method: 'eth_sendTransaction',
      params: [{ from, to, data, gas: GAS, gasPrice: '0x0' }],
    })
    await client.mine({ blocks: 1 })
    sent.push({ hash, what })
  }
  return {
    place: async (address, { abi, bytecode }, args = []) => {
      const creation = encodeDeployData({ abi, bytecode, args })
      await client.setCode({ address, bytecode: creation })
      const { data: runtime } = await client.call({ account: operator, to: address, gas: BigInt(GAS) })
      if (runtime === undefined) throw new Error(`The constructor at ${address} returned no code`)
      await transact(operator, address, '0x', `The constructor at ${address}`)
      await Promise.all([client.setCode({ address, bytecode: runtime }), client.setNonce({ address, nonce: 1 })])
    },
    send: (from, to, { abi }, functionName, args) =>
      transact(from, to, encodeFunctionData({ abi, functionName, args }), `${functionName}(${args.join(', ')})`),
    finish: async () => {
      const receipts = await Promise.all(sent.map(({ hash }) => client.getTransactionReceipt({ hash })))
      const reverted = sent.filter((_, index) => receipts[index]?.status !== 'success')
      if (reverted.length > 0) throw new Error(`Reverted: ${reverted.map(({ what }) => what).join('; ')}`)
    },
  }
}

/** An address of the development chains alone, the same on each of them. */
export function derivedAddress(label: string): Address {
  return getAddress(`0x${keccak256(toHex(`groundwire devchain: ${label}`)).slice(26)}`)
}
