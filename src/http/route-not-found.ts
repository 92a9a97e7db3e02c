import type { Request, RequestHandler } from 'express'
import { GatewayError } from '../errors.ts'

/** What a wrong base URL asks for is answered with the right one. */
export const routeNotFound: RequestHandler = (req) => {
  if (req.path === '/v1/completions') throw new GatewayError(CHAT_ONLY, { status: 404, code: null, param: 'model' })
  const hint = findHint(req)
  throw new GatewayError(
    `Invalid URL (${req.method} ${req.path.slice(0, 200)})${hint === undefined ? '' : `. ${hint}`}`,
    {
      status: 404,
      code: null,
    },
  )
}

/** OpenAI's own words. */
const CHAT_ONLY =
  'This is a chat model and not supported in the v1/completions endpoint. Did you mean to use v1/chat/completions?'

function findHint({ path }: Request): string | undefined {
  const route = SERVED.exec(path)?.[1]?.replace(/^\/completions$/, '/chat/completions')
  if (route !== undefined) return `The base URL ends in /v1, once: ask /v1${route}.`
  if (path === '/v1') return 'This is the base URL itself: clients add the rest, such as /chat/completions.'
  if (/^\/api\/(chat|generate|tags|show|ps|version)$/.test(path)) {
    return "This gateway speaks OpenAI's API and not Ollama's: set the client's provider to OpenAI, with a base URL that ends in /v1."
  }
  if (path.endsWith('/messages')) {
    return "This gateway speaks OpenAI's API and not Anthropic's: use POST /v1/chat/completions."
  }
  const unserved = UNSERVED.exec(path)?.[1]
  if (unserved !== undefined)
    return `This gateway has no ${unserved}: it serves chat completions, responses and models.`
  return undefined
}

/** A route that exists, at the end of a path that does not. */
const SERVED = /(\/chat\/completions|\/responses|\/models|\/runs|\/completions)$/

const UNSERVED =
  /^(?:\/v1)?\/(embeddings|images|audio|moderations|files|uploads|batches|fine_tuning|assistants|threads|vector_stores|realtime|videos|rerank|conversations|containers|evals)(?:\/|$)/
