import type { Child } from './child.ts'

/** An event of a run, as `GET /v1/runs/{id}/events` tells it. */
type RunEvent = { type: string; attempt?: number }

const CHAT = '/v1/chat/completions'
const HEADERS = { 'content-type': 'application/json', authorization: 'Bearer bench' }

/** Asks the conductor in the background; returns the run's id. */
export async function submitRun({ url }: Pick<Child, 'url'>, content: string): Promise<string> {
  const body = JSON.stringify({ model: 'conductor', background: true, messages: [{ role: 'user', content }] })
  const answer = await fetch(`${url}${CHAT}`, { method: 'POST', headers: HEADERS, body })
  if (answer.status !== 202) throw new Error(`HTTP ${answer.status} from ${url}: ${await answer.text()}`)
  return ((await answer.json()) as { id: string }).id
}

/** Follows a run to its end, or until `isLast`. @throws where it does not end well. */
export async function followRun(
  { url }: Pick<Child, 'url'>,
  id: string,
  isLast: (event: RunEvent) => boolean,
): Promise<void> {
  const leaving = new AbortController()
  const answer = await fetch(`${url}/v1/runs/${id}/events`, { headers: HEADERS, signal: leaving.signal })
  let left = ''
  for await (const text of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const lines = (left + text).split('\n')
    left = lines.pop() ?? ''
    for (const line of lines) {
      if (!line.startsWith('data: ')) continue
      const event = JSON.parse(line.slice(6)) as RunEvent
      if (isLast(event)) return leaving.abort()
    }
  }
  throw new Error(`The run ${id} did not do what was waited for.`)
}
