import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Address, type Hex, keccak256, stringToHex, verifyTypedData } from 'viem'

/** What is done instead of an honest answer, to one request after the other; the last one goes on. */
export type FacilitatorMood =
  | { type: 'honest' }
  /** Takes the request and never answers. */
  | { type: 'hang' }
  /** Begins only then, and is honest. */
  | { type: 'late'; after: Promise<void> }
  /** Does honestly what it is asked, and never says so. */
  | { type: 'mute' }
  /** Answers with these fields changed; does what it was asked. */
  | { type: 'lie'; status?: number; with: Record<string, unknown> }
  /** Answers so, and does nothing. */
  | { type: 'reply'; status?: number; body: unknown; headers?: Record<string, string> }
  | { type: 'text'; text: string }
  | { type: 'dead' }

export type FacilitatorTransfer = { payer: string; payTo: string; nonce: string; amount: bigint; txHash: string }

export type ScriptedFacilitator = {
  url: string
  /** All that was posted, in order. */
  readonly requests: readonly { path: string; body: FacilitatorBody }[]
  /** What has been moved, as its chain tells. */
  readonly transfers: readonly FacilitatorTransfer[]
  mood: { verify: FacilitatorMood; settle: FacilitatorMood }
  /** Raw amounts by wallet in lower case; without an entry, a wallet has enough. */
  funds: Map<string, bigint>
  close(): Promise<void>
}

export type FacilitatorBody = {
  x402Version: number
  paymentPayload: {
    x402Version: number
    accepted: Requirements
    payload: {
      signature: Hex
      authorization: Record<'from' | 'to' | 'value' | 'validAfter' | 'validBefore' | 'nonce', string>
    }
  }
  paymentRequirements: Requirements
}

type Requirements = {
  scheme: string
  network: string
  amount: string
  asset: string
  payTo: string
  maxTimeoutSeconds: number
  extra: { name: string; version: string }
}

/**
 * An x402 v2 facilitator with a chain of its own, on a free port of this machine. Honest, it checks the signature and all of
 * the authorization, and takes a nonce once: https://eips.ethereum.org/EIPS/eip-3009.
 */
export async function scriptedFacilitator(): Promise<ScriptedFacilitator> {
  const requests: { path: string; body: FacilitatorBody }[] = []
  const transfers: FacilitatorTransfer[] = []
  const honest: FacilitatorMood = { type: 'honest' }
  const funds = new Map<string, bigint>()
  const mood = { verify: honest, settle: honest }

  const verify = async (body: FacilitatorBody) => {
    const reason = await findFault(body, transfers, funds)
    const payer = body.paymentPayload.payload.authorization.from
    return reason === undefined ? { isValid: true, payer } : { isValid: false, invalidReason: reason, payer }
  }
  const settle = async (body: FacilitatorBody) => {
    const { from, to, value, nonce } = body.paymentPayload.payload.authorization
    const { network } = body.paymentRequirements
    const reason = await findFault(body, transfers, funds)
    if (reason !== undefined) return { success: false, errorReason: reason, transaction: '', network, payer: from }
    const payer = from.toLowerCase()
    const txHash = keccak256(stringToHex(`${payer}:${nonce}:${transfers.length}`))
    transfers.push({ payer, payTo: to.toLowerCase(), nonce: nonce.toLowerCase(), amount: BigInt(value), txHash })
    const left = funds.get(payer)
    if (left !== undefined) funds.set(payer, left - BigInt(value))
    return { success: true, transaction: txHash, network, payer: from }
  }

  const server = createServer(async (request, response) => {
    if (request.url === '/supported') {
      const kinds = [{ x402Version: 2, scheme: 'exact', network: 'eip155:8453' }]
      return send(response, 200, { kinds, extensions: [], signers: {} })
    }
    const isVerify = request.url === '/verify'
    const body = await readBody(request)
    requests.push({ path: request.url ?? '', body })
    if (!isVerify && request.url !== '/settle') return send(response, 404, {})
    const act = () => (isVerify ? verify(body) : settle(body))
    const now = isVerify ? facilitator.mood.verify : facilitator.mood.settle
    switch (now.type) {
      case 'honest':
        return send(response, 200, await act())
      case 'hang':
        return
      case 'late':
        await now.after
        return send(response, 200, await act())
      case 'mute':
        return void (await act())
      case 'lie':
        return send(response, now.status ?? 200, { ...(await act()), ...now.with })
      case 'reply':
        return send(response, now.status ?? 200, now.body, now.headers)
      case 'text':
        return void response.writeHead(200, { 'content-type': 'application/json' }).end(now.text)
      case 'dead':
        return void request.socket.destroy()
      default:
        now satisfies never
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const facilitator: ScriptedFacilitator = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    transfers,
    mood,
    funds,
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  return facilitator
}

async function findFault(
  { x402Version, paymentPayload, paymentRequirements: asked }: FacilitatorBody,
  transfers: readonly FacilitatorTransfer[],
  funds: ReadonlyMap<string, bigint>,
): Promise<string | undefined> {
  const { accepted, payload } = paymentPayload
  const { from, to, value, validAfter, validBefore, nonce } = payload.authorization
  const nowSec = BigInt(Math.floor(Date.now() / 1000))
  if (x402Version !== 2 || paymentPayload.x402Version !== 2) return 'invalid_x402_version'
  if (accepted.scheme !== 'exact' || asked.scheme !== 'exact') return 'invalid_exact_evm_scheme'
  if (accepted.network !== asked.network) return 'invalid_exact_evm_network_mismatch'
  const message = {
    from: from as Address,
    to: to as Address,
    value: BigInt(value),
    validAfter: BigInt(validAfter),
    validBefore: BigInt(validBefore),
    nonce: nonce as Hex,
  }
  const isSigned = await verifyTypedData({
    address: message.from,
    domain: {
      ...{ name: asked.extra.name, version: asked.extra.version },
      ...{ chainId: Number(asked.network.replace('eip155:', '')), verifyingContract: asked.asset as Address },
    },
    types: TYPES,
    primaryType: 'TransferWithAuthorization',
    message,
    signature: payload.signature,
  }).catch(() => false)
  if (!isSigned) return 'invalid_exact_evm_signature'
  if (to.toLowerCase() !== asked.payTo.toLowerCase()) return 'invalid_exact_evm_recipient_mismatch'
  if (message.validBefore < nowSec + 6n) return 'invalid_exact_evm_payload_authorization_valid_before'
  if (message.validAfter > nowSec) return 'invalid_exact_evm_payload_authorization_valid_after'
  if (message.value !== BigInt(asked.amount)) return 'invalid_exact_evm_payload_authorization_value_mismatch'
  // The last of the checks, and no wait after it: of two requests at once, one is late.
  const isUsed = transfers.some((known) => known.payer === from.toLowerCase() && known.nonce === nonce.toLowerCase())
  if (isUsed) return 'invalid_exact_evm_nonce_already_used'
  const left = funds.get(from.toLowerCase())
  return left !== undefined && left < message.value ? 'invalid_exact_evm_insufficient_balance' : undefined
}

const TYPES = {
  TransferWithAuthorization: [
    { name: 'from', type: 'address' },
    { name: 'to', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'validAfter', type: 'uint256' },
    { name: 'validBefore', type: 'uint256' },
    { name: 'nonce', type: 'bytes32' },
  ],
} as const

async function readBody(request: IncomingMessage): Promise<FacilitatorBody> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as FacilitatorBody
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}
