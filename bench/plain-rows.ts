import type { Child } from './child.ts'
import { type Row, times, toMs } from './figures.ts'
import { type Ask, readAnswer, runLoad } from './load.ts'

const REQUESTS = 1_500
/** As many as are measured: the just-in-time compiler is not done before. */
const WARM_UP_REQUESTS = REQUESTS
/** The middle one counts: what else the machine does spoils one of them. */
const ROUNDS = 5
const CONCURRENCY = 16
const CLIENT_TOOLS = 10

export type PlainBench = {
  stub: Child
  proxy: Child
  /** The gateway in front of the stub's Ollama, and another in front of its OpenAI side. */
  ollamaGateway: Child
  openaiGateway: Child
  peer: { child: Child; name: string } | undefined
}

const MESSAGES = [{ role: 'user', content: 'hello' }]

/**
 * CPU of one completion without tools. All hand on the same 20 words of the same stub, and the bare proxy hands on what the
 * one beside it reads: in one piece where the caller waits for it, else word by word.
 */
export async function plainRows({ stub, proxy, ollamaGateway, openaiGateway, peer }: PlainBench): Promise<Row[]> {
  const bareOf = async (stream: boolean) => ({
    ollama: await cpuPerRequest(proxy, { path: '/api/chat', body: toBody(stream) }),
    openai: await cpuPerRequest(proxy, { path: OPENAI_PATH, body: toBody(stream) }),
  })
  const toPeer = { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `${stub.url}/v1` }
  const rows: Row[] = []
  const peerRows: Row[] = []
  const openaiRows: Row[] = []
  for (const stream of [false, true]) {
    const mode = stream ? 'SSE' : 'blocking'
    const ask = { path: OPENAI_PATH, body: toBody(stream) }
    const bare = await bareOf(stream)
    const theirs = peer && (await cpuPerRequest(peer.child, { ...ask, headers: toPeer }))
    const ours = await cpuPerRequest(ollamaGateway, ask)
    const oursOpenAI = await cpuPerRequest(openaiGateway, ask)
    const besidePeer = (cpuMs: number) =>
      theirs === undefined ? '' : `, ${times(cpuMs / theirs)} the peer (${toMs(theirs)})`
    rows.push([`CPU per plain completion, ${mode}`, toMs(ours), `${besideProxy(ours, bare.ollama)}${besidePeer(ours)}`])
    openaiRows.push([
      `the same from an OpenAI-compatible backend, ${mode}`,
      toMs(oursOpenAI),
      `${besideProxy(oursOpenAI, bare.openai)}${besidePeer(oursOpenAI)}`,
    ])
    if (peer !== undefined && theirs !== undefined) {
      peerRows.push([`the peer, ${peer.name}, ${mode}`, toMs(theirs), besideProxy(theirs, bare.openai)])
    }
  }
  return [...rows, ...openaiRows, ...peerRows, await clientToolsRow(ollamaGateway)]
}

/** What it costs to read a request that declares tools, with ours turned off so that nothing but them is offered. */
async function clientToolsRow(gateway: Child): Promise<Row> {
  const headers = { 'x-groundwire-tools': 'off' }
  const without = await cpuPerRequest(gateway, { path: OPENAI_PATH, body: toBody(false), headers })
  const body = { ...toBody(false), tools: Array.from({ length: CLIENT_TOOLS }, (_, i) => toClientTool(i)) }
  const cpuMs = await cpuPerRequest(gateway, { path: OPENAI_PATH, body, headers })
  return [
    `CPU of one with ${CLIENT_TOOLS} client tools, server tools off`,
    toMs(cpuMs),
    `${toMs(without)} without the client tools`,
  ]
}

/** Of the stub's answer. */
const LAST_WORD = 'word19'

export const OPENAI_PATH = '/v1/chat/completions'
export const toBody = (stream: boolean) => ({ model: 'operator', messages: MESSAGES, stream })
const besideProxy = (cpuMs: number, bareMs: number) => `${times(cpuMs / bareMs)} the bare proxy (${toMs(bareMs)})`

/** Milliseconds of the child's processor. */
export async function cpuPerRequest(child: Child, ask: Omit<Ask, 'url'>): Promise<number> {
  const load = { ...ask, url: child.url }
  if (!(await readAnswer(load)).includes(LAST_WORD)) throw new Error(`${child.url} does not hand on the whole answer.`)
  await runLoad(load, { requests: WARM_UP_REQUESTS, concurrency: CONCURRENCY })
  const rounds: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const before = await child.report()
    await runLoad(load, { requests: REQUESTS / ROUNDS, concurrency: CONCURRENCY })
    const after = await child.report()
    rounds.push((after.cpuMs - before.cpuMs) / (REQUESTS / ROUNDS))
  }
  return rounds.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN
}

/** Of the size that agents' tools have: some fields, an enum, a list, a nested object. */
function toClientTool(i: number) {
  return {
    type: 'function',
    function: {
      name: `edit_file_${i}`,
      description: 'Replaces a passage of a file by another, and tells what the file holds then.',
      parameters: {
        type: 'object',
        properties: {
          path: { type: 'string', description: 'The file, from the root of the project.' },
          mode: { type: 'string', enum: ['replace', 'insert', 'delete'], description: 'What to do with the passage.' },
          lines: { type: 'array', items: { type: 'string' }, description: 'The new lines.' },
          range: {
            type: 'object',
            properties: { from: { type: 'integer', minimum: 1 }, to: { type: 'integer', minimum: 1 } },
            required: ['from', 'to'],
          },
        },
        required: ['path', 'mode'],
        additionalProperties: false,
      },
    },
  }
}
