import { isIP } from 'node:net'
import { z } from 'zod'
import type { Rates } from './accounts/price.ts'
import { toWallet } from './accounts/to-wallet.ts'
import { CHAIN_NAMES, type ChainName, findChainName } from './chain/chain-list.ts'

export const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
  .transform((url) => url.replace(/\/+$/, ''))
/** Callers are told it, and it stands before a path. */
export const publicUrl = httpUrl.refine((url) => {
  const { origin, pathname, href } = new URL(url)
  return origin + pathname === href
}, 'must have no user name, password, query or fragment, as callers are told it: https://gateway.example')
/** Ollama's OpenAI-compatible API, which guides name, is not the one that is asked. */
export const ollamaUrl = httpUrl.refine(
  (url) => !url.endsWith('/v1'),
  "must be Ollama's own address: leave out the /v1",
)
export const urlOf = (schemes: RegExp, beginning: string) =>
  // The value may hold a password, so a complaint never repeats it.
  z
    .string()
    .trim()
    .refine((url) => schemes.test(URL.parse(url)?.protocol ?? ''), `must be a URL that begins with ${beginning}`)
export const toWords = (text: string) =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
export const int = (min: number, max: number) => {
  const range = `must be ${min} to ${max}`
  return z.coerce
    .number({ error: ({ code }) => (code === 'invalid_type' ? 'must be a number' : undefined) })
    .int('must be a whole number')
    .min(min, range)
    .max(max, range)
}
export const modelSpec = z
  .string()
  .trim()
  .refine((text) => !text.endsWith(':'), { error: ({ input }) => `'${input}' names no model: ${input}<model>` })

export const chainList = z.string().transform((text, context): ChainName[] => {
  const words = toWords(text)
  if (words.length === 0) context.addIssue({ code: 'custom', message: 'must name at least one chain' })
  const names = words.flatMap((word) => {
    const name = findChainName(word)
    if (name === undefined) {
      context.addIssue({ code: 'custom', message: `'${word}' is not a known chain; known: ${CHAIN_NAMES.join(', ')}` })
      return []
    }
    return [name]
  })
  return [...new Set(names)]
})

export const switchOf = (name: string) =>
  z
    .string()
    .trim()
    .regex(/^(?:1|0|true|false|on|off)$/i, `must be 1 or 0: ${name}`)
    .transform((word) => /^(?:1|true|on)$/i.test(word))

const walletAddress = z
  .string()
  .trim()
  .transform((text, context) => {
    const wallet = toWallet(text)
    if (wallet !== undefined) return wallet
    context.addIssue({ code: 'custom', message: 'must be an address: 0x and 40 hexadecimal digits' })
    return z.NEVER
  })
/** Where money goes. */
export const payeeAddress = walletAddress.refine(
  (wallet) => !/^0x0+$/.test(wallet),
  'must be a wallet of yours: what is sent to the zero address is lost',
)

/** Headers that mean something already: to HTTP, to proxies and tracing, to SDKs, or to this gateway. */
const TAKEN_HEADER = new RegExp(
  `^(?:${[
    'accept|authorization|baggage|cache-control|connection|cookie|date|expect|forwarded|from|host|keep-alive|origin',
    'pragma|range|referer|te|trailer|transfer-encoding|upgrade|user-agent|via|traceparent|tracestate',
    'idempotency-key|last-event-id|payment-signature',
    'x-api-key|x-client-request-id|x-payment|x-real-ip|x-request-id|x-wallet-address',
    '(?:accept|access-control|content|if|proxy|sec|x-forwarded|x-groundwire|x-stainless)-.*',
  ].join('|')})$`,
  'i',
)
export const ownHeader = z
  .string()
  .trim()
  .regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, 'must be the name of a header: X-Team')
  .refine((name) => !TAKEN_HEADER.test(name), {
    error: ({ input }) => `'${input}' has another meaning: choose a header of your own, like X-Team`,
  })

export const proxyList = z.string().transform((text, context) => {
  const words = toWords(text)
  for (const word of words) {
    const [address = '', bits, ...rest] = word.split('/')
    const most = isIP(address) === 4 ? 32 : 128
    const isRange = bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= most) // Express takes no /0
    if (isIP(address) === 0 || !isRange || rest.length > 0) {
      context.addIssue({ code: 'custom', message: `'${word}' is no address or range: 10.0.0.0/8` })
    }
  }
  return words
})

const PRICE_WORDS = {
  prompt: 'promptPerMillion',
  completion: 'completionPerMillion',
  cached: 'cachedPerMillion',
  run: 'perRun',
} as const satisfies Record<string, keyof Rates>

/** `prompt=200000,completion=800000,run=1000` */
export const priceText = z.string().transform((text, context): Rates => {
  const rates: Rates = { promptPerMillion: 0n, completionPerMillion: 0n }
  const given = new Set<keyof Rates>()
  for (const word of toWords(text)) {
    const [, name, amount] = /^(\w+)=(\d{1,15})$/.exec(word) ?? []
    const field = Object.entries(PRICE_WORDS).find(([known]) => known === name)?.[1]
    if (field === undefined || amount === undefined) {
      context.addIssue({
        code: 'custom',
        message: `'${word}' is no price: prompt=200000,completion=800000 (micro-credits per million tokens), cached=…, run=… (micro-credits)`,
      })
    } else if (given.has(field)) {
      context.addIssue({ code: 'custom', message: `'${name}' is there twice: give it one amount` })
    } else {
      given.add(field)
      rates[field] = BigInt(amount)
    }
  }
  return rates
})
