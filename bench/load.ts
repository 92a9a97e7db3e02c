import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** One request, as it is sent again and again. */
export type Ask = {
  url: string
  path: string
  body: object
  headers?: Record<string, string>
  /** Of a good answer; 200 where unset. */
  status?: number
}

const agent = new Agent({ keepAlive: true })

/** Sends `requests` requests, `concurrency` at once; returns each one's time to the last byte in ms. */
export async function runLoad(ask: Ask, { requests, concurrency }: { requests: number; concurrency: number }) {
  const send = createSender(ask)
  const times: number[] = []
  let left = requests
  const worker = async (): Promise<void> => {
    while (left-- > 0) times.push(await send())
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return times
}

/** Sends at a steady rate, whether or not answers keep up; returns each one's time to the last byte in ms. */
export async function runPaced(ask: Ask, { perSec, requests }: { perSec: number; requests: number }) {
  const send = createSender(ask)
  const startedAt = performance.now()
  const times: Promise<number>[] = []
  for (let sent = 0; sent < requests; sent++) {
    const waitMs = startedAt + (sent * 1_000) / perSec - performance.now()
    if (waitMs > 0) await sleep(waitMs)
    times.push(send())
  }
  return Promise.all(times)
}

/** Sends it `requests` times at once; returns how many answers had which status. */
export async function countAnswers(ask: Ask, requests: number): Promise<Map<number, number>> {
  const send = createCall(ask)
  const counts = new Map<number, number>()
  for (const { status } of await Promise.all(Array.from({ length: requests }, send))) {
    counts.set(status, (counts.get(status) ?? 0) + 1)
  }
  return counts
}

/** Sends it once; returns the answer as it came. */
export async function readAnswer({ url, path, body, headers }: Ask): Promise<string> {
  const init = { method: 'POST', headers: toHeaders(headers), body: JSON.stringify(body) }
  return (await fetch(`${url}${path}`, init)).text()
}

const toHeaders = (headers: Ask['headers']) => ({
  'content-type': 'application/json',
  authorization: 'Bearer bench',
  ...headers,
})

function createSender(ask: Ask): () => Promise<number> {
  const call = createCall(ask)
  return async () => {
    const { status, tookMs } = await call()
    if (status !== (ask.status ?? 200)) throw new Error(`HTTP ${status} from ${ask.url}`)
    return tookMs
  }
}

function createCall({ url, path, body, headers }: Ask): () => Promise<{ status: number; tookMs: number }> {
  const text = JSON.stringify(body)
  const options = { agent, method: 'POST', headers: toHeaders(headers) }
  return () => {
    const startedAt = performance.now()
    return new Promise((resolve, reject) => {
      const call = request(`${url}${path}`, options)
      call.on('error', reject)
      call.on('response', (answer) => {
        answer.resume()
        answer.on('error', reject)
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, tookMs: performance.now() - startedAt }))
      })
      call.end(text)
    })
  }
}
