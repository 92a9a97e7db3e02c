import type { Child } from './child.ts'
import type { Row } from './figures.ts'
import { countAnswers, runLoad } from './load.ts'

const PARALLEL = 100
const REQUESTS = 2_000
const FLOOD = 300
/** Of the stub's slow answer: long enough for all to be there at once. */
const WORDS = 20
/** `ANSWERS_PER_CALLER` as shipped. */
const LIMIT = 128

/** One wallet that asks a lot at once. */
export async function parallelRows(gateway: Child): Promise<Row[]> {
  const headers = { 'x-wallet-address': '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045' }
  const ask = (content: string, stream = false) => ({
    ...{ url: gateway.url, path: '/v1/chat/completions', headers },
    body: { model: 'operator', messages: [{ role: 'user', content }], stream },
  })
  await runLoad(ask('hello'), { requests: REQUESTS / 4, concurrency: PARALLEL })
  const startedAt = performance.now()
  await runLoad(ask('hello'), { requests: REQUESTS, concurrency: PARALLEL })
  const perSec = (REQUESTS * 1_000) / (performance.now() - startedAt)
  const answers = await countAnswers(ask(`slow:${WORDS}`, true), FLOOD)
  const refused = answers.get(429) ?? 0
  return [
    [
      `answers/s of one wallet, ${PARALLEL} parallel`,
      `${Math.round(perSec)}/s`,
      `of ${FLOOD} at once ${answers.get(200) ?? 0} were let in, ${refused} heard 429; ${LIMIT} are allowed`,
    ],
  ]
}
