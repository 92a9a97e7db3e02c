import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { authorizationTypes } from '@x402/evm'
import { type Address, type Hex, isAddress, isHex, verifyTypedData } from 'viem'
import { z } from 'zod'
import { CHAINS } from '../src/chain/chain-list.ts'
import type { X402Config } from '../src/config.ts'
import { sendUsdc } from './deposit-usdc.ts'

export type StandIn = { x402: X402Config; close(): Promise<void> }

/**
 * Does for the demo's chain of Base what an x402 facilitator does for the real one. It checks what the payer has signed, as a real
 * one does; the USDC of these chains knows no signed transfers, so it sends in the payer's name, as everybody may there.
 */
export async function startStandIn(
  rpcUrls: Readonly<Record<number, readonly string[]>>,
  payTo: string,
): Promise<StandIn> {
  const chainId = CHAINS.base.id as 8453
  const url = rpcUrls[chainId]?.[0] ?? ''
  const used = new Set<string>()

  async function answer(path: string | undefined, body: unknown): Promise<object> {
    const order = Order.parse(body)
    const { from, to, value, nonce } = order.paymentPayload.payload.authorization
    const fault = used.has(nonce) ? 'invalid_exact_evm_nonce_already_used' : await findFault(order)
    if (path === '/verify') return { isValid: fault === undefined, invalidReason: fault, payer: from }
    const network = order.paymentRequirements.network
    if (fault !== undefined) return { success: false, errorReason: fault, transaction: '', network, payer: from }
    used.add(nonce)
    const transaction = await sendUsdc({ url, chainId, from, treasury: to, amount: value })
    return { success: true, transaction, network, payer: from }
  }

  const server = createServer(async (request, response) => {
    const reply = await answer(request.url, await readJson(request)).catch(() => undefined)
    response.writeHead(reply === undefined ? 400 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(reply ?? { errorReason: 'invalid_payload' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    x402: { facilitatorUrl: `http://127.0.0.1:${port}`, network: `eip155:${chainId}`, payTo, anonymous: false },
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** x402's word for it. */
async function findFault({ paymentPayload, paymentRequirements: asked }: Order): Promise<string | undefined> {
  const { authorization, signature } = paymentPayload.payload
  const nowSec = BigInt(Math.floor(Date.now() / 1_000))
  const isSigned = await verifyTypedData({
    address: authorization.from,
    domain: { ...asked.extra, chainId: CHAINS.base.id, verifyingContract: asked.asset },
    types: authorizationTypes,
    primaryType: 'TransferWithAuthorization',
    message: authorization,
    signature,
  })
  if (!isSigned) return 'invalid_exact_evm_payload_signature'
  if (authorization.to.toLowerCase() !== asked.payTo.toLowerCase())
    return 'invalid_exact_evm_payload_recipient_mismatch'
  if (authorization.value !== asked.amount) return 'invalid_exact_evm_payload_authorization_value'
  if (authorization.validAfter > nowSec) return 'invalid_exact_evm_payload_authorization_valid_after'
  return authorization.validBefore < nowSec ? 'invalid_exact_evm_payload_authorization_valid_before' : undefined
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

const address = z.custom<Address>((text) => typeof text === 'string' && isAddress(text, { strict: false }))
const hex = z.custom<Hex>((text) => isHex(text))
const integer = z
  .string()
  .regex(/^\d{1,30}$/)
  .transform(BigInt)
const Order = z.object({
  paymentPayload: z.object({
    payload: z.object({
      signature: hex,
      authorization: z.object({
        from: address,
        to: address,
        value: integer,
        validAfter: integer,
        validBefore: integer,
        nonce: hex,
      }),
    }),
  }),
  paymentRequirements: z.object({
    network: z.string(),
    asset: address,
    payTo: address,
    amount: integer,
    extra: z.object({ name: z.string(), version: z.string() }),
  }),
})
type Order = z.output<typeof Order>
