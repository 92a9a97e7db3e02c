import type { Address } from 'viem'
import { createSiweMessage, parseSiweMessage } from 'viem/siwe'
import { getAddress } from 'viem/utils'
import { invalidMessage } from './sign-in-error.ts'

/** What a message must be for. */
export type SignInPlace = {
  /** Where callers reach the gateway, without a slash at the end: `https://gateway.example`. */
  publicUrl: string
  /** EIP-155. */
  chainIds: readonly number[]
}

/** What is left to check of a message: the nonce and the times, which the store knows, and the signature. Times are Unix ms. */
export type SignInMessage = {
  /** As written: the signature is over this. */
  text: string
  /** With its EIP-55 checksum. */
  address: Address
  chainId: number
  nonce: string
  issuedAtMs: number
  expirationTimeMs: number | undefined
  notBeforeMs: number | undefined
}

/** Longer than any that a wallet shows. */
export const MAX_MESSAGE_CHARS = 4_096

export const STATEMENT = 'Sign in to this gateway. It costs nothing and sends no transaction.'

/** RFC 3986 authority of the gateway: `gateway.example`, `127.0.0.1:8787`. */
export const domainOf = ({ publicUrl }: Pick<SignInPlace, 'publicUrl'>): string => new URL(publicUrl).host

/** An EIP-4361 message, ready to be signed. */
export function toSignInText(
  place: Pick<SignInPlace, 'publicUrl'>,
  order: { address: Address; chainId: number; nonce: string; issuedAtMs: number; expirationTimeMs: number },
): string {
  const text = createSiweMessage({
    domain: STAND_IN,
    address: order.address,
    statement: STATEMENT,
    uri: place.publicUrl,
    version: '1',
    chainId: order.chainId,
    nonce: order.nonce,
    issuedAt: new Date(order.issuedAtMs),
    expirationTime: new Date(order.expirationTimeMs),
  })
  return domainOf(place) + text.slice(STAND_IN.length)
}

/**
 * Reads an EIP-4361 message that was made for this gateway.
 * @throws GatewayError 401 `invalid_siwe_message`, which says what is wrong with it.
 */
export function parseSignInMessage(text: string, { publicUrl, chainIds }: SignInPlace): SignInMessage {
  if (text.length > MAX_MESSAGE_CHARS)
    throw invalidMessage(`The message is longer than ${MAX_MESSAGE_CHARS} characters.`)
  if (!/^[\x20-\x7e\n]*$/.test(text))
    throw invalidMessage('The message holds other characters than ASCII and line feeds.')
  const ours = withStandIn(text, new URL(publicUrl))
  const { address, chainId, nonce, uri, version, issuedAt, expirationTime, notBefore, resources } =
    parseSiweMessage(ours)
  if (address === undefined)
    throw invalidMessage('The second line of the message must be the address, and the third empty.')
  if (getAddress(address) !== address)
    throw invalidMessage(`The address must have its checksum: ${getAddress(address)}.`)
  if (uri === undefined || nonce === undefined || issuedAt === undefined) throw notTheForm()
  if (uri !== publicUrl && !uri.startsWith(`${publicUrl}/`))
    throw invalidMessage(`The message must say 'URI: ${publicUrl}'.`)
  if (version !== '1') throw invalidMessage("The message must say 'Version: 1'.")
  if (chainId === undefined || !chainIds.includes(chainId)) {
    throw invalidMessage(`The message must name one of these chains by its 'Chain ID': ${chainIds.join(', ')}.`)
  }
  if (resources !== undefined)
    throw invalidMessage("The message must have no 'Resources': signing in grants nothing else.")
  if (!isSameMessage(ours, writeAgain(ours))) throw notTheForm()
  return {
    text,
    address,
    chainId,
    nonce,
    issuedAtMs: issuedAt.getTime(),
    expirationTimeMs: expirationTime?.getTime(),
    notBeforeMs: notBefore?.getTime(),
  }
}

/** For ours in the first line: viem refuses domains of one word and IPv6 addresses, by which gateways are reached at home. */
const STAND_IN = 'localhost'

function withStandIn(text: string, { host, protocol }: URL): string {
  const end = text.indexOf('\n')
  const firstLine = end === -1 ? text : text.slice(0, end)
  const scheme = ['', `${protocol}//`].find((before) => firstLine === `${before}${host}${ASKS}`)
  if (scheme === undefined) throw invalidMessage(`The message must begin with '${host}${ASKS}'.`)
  return `${scheme}${STAND_IN}${text.slice(scheme.length + host.length)}`
}

const ASKS = ' wants you to sign in with your Ethereum account:'

/** viem finds fields wherever they stand, and passes over the rest: only this tells what it has passed over. */
function writeAgain(text: string): string | undefined {
  try {
    return createSiweMessage(parseSiweMessage(text) as Parameters<typeof createSiweMessage>[0])
  } catch {
    return undefined
  }
}

/** Times may be written in any way that RFC 3339 has. */
function isSameMessage(text: string, again: string | undefined): boolean {
  const lines = text.split('\n')
  const linesAgain = again?.split('\n') ?? []
  return (
    lines.length === linesAgain.length &&
    lines.every((line, at) => line === linesAgain[at] || isSameTime(line, linesAgain[at] ?? ''))
  )
}

function isSameTime(line: string, other: string): boolean {
  const [, label, time = ''] = TIME_LINE.exec(line) ?? []
  const [, otherLabel, otherTime = ''] = TIME_LINE.exec(other) ?? []
  return label !== undefined && label === otherLabel && Date.parse(time) === Date.parse(otherTime)
}

const TIME_LINE =
  /^(Issued At|Expiration Time|Not Before): (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))$/

const notTheForm = () =>
  invalidMessage('The message is not in the form of EIP-4361. POST /auth/siwe/message writes one.')
