import { Agent, type Dispatcher, request } from 'undici'
import { BackendFailure } from './backend-failure.ts'

export type BackendAgent = Agent

/** `keepAlive`: whether a connection serves more than one request. */
export type BackendAgentOptions = { connectTimeoutMs: number; keepAlive?: boolean }

/**
 * Keeps the connections to one backend. Node's own limits (300 s to the head and between pieces of the body) are lifted:
 * a cold model takes longer, and how long an answer may take is for the caller's signal to say.
 */
export function createBackendAgent({ connectTimeoutMs, keepAlive = true }: BackendAgentOptions): BackendAgent {
  const pipelining = keepAlive ? 1 : 0
  return new Agent({ connect: { timeout: connectTimeoutMs }, headersTimeout: 0, bodyTimeout: 0, pipelining })
}

export type BackendRequest = {
  agent: BackendAgent
  /** Ends the request, and the answer. */
  signal: AbortSignal
  method: Dispatcher.HttpMethod
  /** Names in lower case. */
  headers: Record<string, string>
  body: string | null
}

/**
 * One request to a backend, without redirects and compression. Credentials in `url` leave as a header.
 * @throws {@link BackendFailure} where the backend is not there, and, with the backend's own words, for every status that is
 * not 2xx; the signal's reason.
 */
export async function requestBackend(
  url: URL,
  { agent, signal, method, headers, body }: BackendRequest,
): Promise<Dispatcher.ResponseData> {
  const answer = await reach(url, { dispatcher: agent, method, headers: withCredentials(headers, url), signal, body })
  const { statusCode: status } = answer
  if (status >= 200 && status <= 299) return answer
  throw new BackendFailure('refused', { status, upstreamText: await readSome(answer.body) })
}

type ReachOptions = { dispatcher: BackendAgent; signal: AbortSignal } & Omit<BackendRequest, 'agent' | 'signal'>

async function reach(url: URL, options: ReachOptions): Promise<Dispatcher.ResponseData> {
  try {
    return await request(url, options)
  } catch (cause) {
    options.signal.throwIfAborted()
    // OpenAI's library drops an error that speaks of a timeout, or whose cause does, for one of its own.
    throw new BackendFailure('unreachable', { cause: new Error('no connection', { cause }) })
  }
}

function withCredentials(headers: Record<string, string>, { username, password }: URL): Record<string, string> {
  if (username === '') return headers
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { ...headers, authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
}

const MAX_ERROR_CHARS = 16_384

async function readSome(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true })
      if (text.length > MAX_ERROR_CHARS) break
    }
  } catch {
    // The status alone has to do.
  }
  return text
}
