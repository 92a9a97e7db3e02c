import type { RequestHandler } from 'express'

/** `GET /`: what a browser or a bare curl finds. */
export const welcome: RequestHandler = (_req, res) => {
  res.json({
    name: 'groundwire',
    about: 'An OpenAI-compatible gateway whose models can read the chain. Use this address with /v1 as the base URL.',
    routes: {
      'POST /v1/chat/completions': 'ask, in the format of OpenAI',
      'POST /v1/responses': 'the same, as a response that is kept',
      'GET /v1/runs': 'questions that were left in the background or to a queued model',
      'GET /v1/models': 'what can answer',
      'GET /v1/models/{id}': 'one of them',
      'GET /health': 'whether the process lives',
      'GET /ready': 'whether a question would be answered now',
      'GET /openapi.json': 'all of this for programs, as OpenAPI 3.1',
      'GET /docs': 'the same as a page',
    },
    authentication: "the header 'x-wallet-address: 0x…' or 'Authorization: Bearer <key>'",
    docs: '/docs',
  })
}
