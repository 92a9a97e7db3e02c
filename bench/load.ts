import { Agent, request } from 'node:http'

export type Load = { url: string; path: string; body: object; requests: number; concurrency: number }

const agent = new Agent({ keepAlive: true })

/** Sends `requests` requests, `concurrency` at once; returns each one's time to the last byte in ms. */
export async function runLoad({ url, path, body, requests, concurrency }: Load): Promise<number[]> {
  const text = JSON.stringify(body)
  const times: number[] = []
  let left = requests
  const worker = async (): Promise<void> => {
    while (left-- > 0) times.push(await send(`${url}${path}`, text))
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return times
}

function send(url: string, body: string): Promise<number> {
  const startedAt = performance.now()
  return new Promise((resolve, reject) => {
    const call = request(url, {
      agent,
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer bench' },
    })
    call.on('error', reject)
    call.on('response', (answer) => {
      answer.resume()
      answer.on('error', reject)
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(performance.now() - startedAt)
        else reject(new Error(`HTTP ${answer.statusCode} from ${url}`))
      })
    })
    call.end(body)
  })
}
