import type { RequestHandler } from 'express'

export type WelcomeDeps = {
  freeMode: boolean
  /** Who names no caller may pay with the request itself. */
  anonymous: boolean
}

/** `GET /`: what a browser or a bare curl finds. */
export function welcome({ freeMode, anonymous }: WelcomeDeps): RequestHandler {
  const authentication = freeMode ? FREE : anonymous ? `${PAID}; or a payment by x402 with the request` : PAID
  return (_req, res) => {
    res.json({
      name: 'groundwire',
      about: 'An OpenAI-compatible gateway whose models can read the chain. Use this address with /v1 as the base URL.',
      mode: freeMode ? 'free' : 'paid',
      routes: ROUTES,
      authentication,
      docs: '/docs',
    })
  }
}

const FREE =
  "the header 'x-wallet-address: 0x…' or 'Authorization: Bearer <key>', whatever the key: they name you, and nothing is charged"
const PAID =
  "'Authorization: Bearer <key>', with an API key of this gateway, or the token of a wallet that has signed in by /auth/siwe/verify"

const ROUTES = {
  'POST /v1/chat/completions': 'ask, in the format of OpenAI',
  'POST /v1/responses': 'the same, as a response that is kept',
  'GET /v1/runs': 'questions that were left in the background or to a queued model',
  'GET /v1/models': 'what can answer',
  'GET /v1/models/{id}': 'one of them',
  'POST /auth/siwe/message': 'what a wallet signs to sign in',
  'POST /auth/siwe/verify': 'signs it in',
  'POST /v1/keys': 'make an API key',
  'POST /v1/orgs': 'found an org, whose members share an account',
  'GET /v1/account': 'what you have, and how to have more',
  'GET /v1/usage': 'what you have used',
  'POST /v1/account/vouchers': 'turn a voucher into credits',
  'GET /health': 'whether the process lives',
  'GET /ready': 'whether a question would be answered now',
  'GET /openapi.json': 'all of this for programs, as OpenAPI 3.1',
  'GET /docs': 'the same as a page',
}
