import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { scriptedOllama } from './support/scripted-ollama.ts'
import { scriptedOpenAI } from './support/scripted-openai.ts'

const ROOT = resolve(import.meta.dirname, '..')
const NOBODY = 'http://127.0.0.1:9'

let dataDir: string
/** `closed` comes after the exit of all that print into its output: the demo may outlive its npm, and writes until it ends. */
let started: { child: ChildProcess; closed: Promise<unknown> }[]
beforeEach(async () => {
  started = []
  dataDir = await mkdtemp(join(tmpdir(), 'groundwire-demo-'))
})
afterEach(async () => {
  for (const { child, closed } of started) {
    child.kill('SIGTERM')
    await closed
  }
  await rm(dataDir, { recursive: true, maxRetries: 20 })
})

describe('the demo', () => {
  test('without Ollama answers the question of its own curl line with the true figure, and one left to the conductor later', async () => {
    const { banner } = await startDemo({ OLLAMA_BASE_URL: NOBODY, OPERATOR_MODEL: '' }) // empty counts as unset
    expect(banner).toMatch(/operator\s+rehearsal: .*ollama/i)
    expect(banner).toMatch(/ethereum block [\d,]+, base block [\d,]+, arbitrum block [\d,]+/)
    const pasted = /curl (\S+) \\\n\s+-H '([^']+)' -H '([^']+)' \\\n\s+-d '([^']+)'/.exec(banner)
    const [, url = '', type = '', key = '', body = ''] = pasted ?? []
    const headers = Object.fromEntries([type, key].map((line) => line.split(': ') as [string, string]))
    const response = await fetch(url, { method: 'POST', headers, body })
    const answer = (await response.json()) as { model: string; choices: { message: { content: string } }[] }
    expect(answer.model).toBe('rehearsal')
    expect(answer.choices[0]?.message.content).toMatch(/vitalik\.eth has sent 1,648 transactions on ethereum/)
    await leaveToConductor(banner)
  })

  async function leaveToConductor(banner: string): Promise<void> {
    expect(banner).toMatch(/conductor\s+rehearsal, behind the queue: /)
    const [, url = '', body = ''] = /curl (\S+) \\\n.*\n\s+-d '(\{"model":"conductor"[^']+)'/.exec(banner) ?? []
    const headers = { 'content-type': 'application/json', authorization: 'Bearer demo' }
    const accepted = await fetch(url, { method: 'POST', headers, body })
    expect(accepted.status).toBe(202)
    const { id } = (await accepted.json()) as { id: string }
    const list = /curl (\S+\/v1\/runs) /.exec(banner)?.[1] ?? ''
    const find = async () => (await (await fetch(`${list}/${id}`, { headers })).json()) as Run
    await expect.poll(async () => (await find()).status).toBe('completed')
    const { result } = await find()
    expect(result?.model).toBe('rehearsal')
    expect(result?.choices[0]?.message.content).toMatch(/vitalik\.eth holds [\d.,]+ ETH/)
  }

  test('with FREE_MODE=0 has its banner followed line by line: a key, a deposit, a question, and what it has cost', async () => {
    const { banner } = await startDemo({ OLLAMA_BASE_URL: NOBODY, FREE_MODE: '0' })
    expect(banner).toMatch(/admin key {2}\S{16,}\n/)
    const lines = banner
      .split(/(?<!\\)\n/)
      .map((line) => line.trim())
      .filter((line) => /^(KEY=|DATA_DIR=|curl )/.test(line))
      .map((line) => line.replaceAll(/npm run (?:--silent )?(\w+) --/g, `'${process.execPath}' scripts/$1.ts`))
    const [makeKey = '', deposit = '', ask = '', account = ''] = lines
    expect(lines).toHaveLength(4)
    const key = await shell(`${makeKey}; echo $KEY`)
    expect(key).toMatch(/^gw_/)
    expect(await shell(ask, key)).toContain('insufficient_credits')
    expect(await shell(deposit)).toContain('5 USDC went from 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266')
    await expect.poll(() => shell(account, key), { timeout: 20_000 }).toMatch(/"balance": ?"5"/)
    expect(await shell(ask, key)).toMatch(/vitalik\.eth has sent 1,648 transactions on ethereum/)
    await expect.poll(() => shell(account, key)).toMatch(/"balance": ?"4\.99\d*"/)
  })

  test('uses Ollama where it has the model', async () => {
    const ollama = await scriptedOllama([{ text: 'Hello from the scripted model.' }])
    try {
      const { banner, ask } = await startDemo({ OLLAMA_BASE_URL: ollama.url })
      expect(banner).toMatch(/operator\s+ollama:qwen3:8b: Ollama answers/)
      expect(await ask('hello')).toMatchObject({
        model: 'operator',
        choices: [{ message: { content: 'Hello from the scripted model.' } }],
      })
    } finally {
      await ollama.close()
    }
  })

  test('falls back to rehearsal where Ollama lacks the model, and says which command pulls it', async () => {
    const ollama = await scriptedOllama([], { models: ['llama3.2:1b'] })
    try {
      const { banner } = await startDemo({ OLLAMA_BASE_URL: ollama.url })
      expect(banner).toMatch(/operator\s+rehearsal: .*ollama pull qwen3:8b/)
    } finally {
      await ollama.close()
    }
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('stops everything on %s', async (signal) => {
    const { child } = await startDemo({ OLLAMA_BASE_URL: NOBODY })
    const nodes = await chainPids()
    expect(nodes).toHaveLength(3)
    child.kill(signal)
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(nodes.filter(isAlive)).toEqual([])
  })

  test('that was killed with SIGKILL leaves no node behind after the next start, and goes on with its runs', async () => {
    let isSlow = true
    const vllm = await scriptedOpenAI(({ body }) => {
      const hasResult = body.messages.some(({ role }: { role: string }) => role === 'tool')
      if (!hasResult) return { toolCalls: [{ name: 'transaction_count', arguments: { address: 'vitalik.eth' } }] }
      return isSlow ? { hang: true } : { text: 'It has sent 1,648.' }
    })
    try {
      const env = { OLLAMA_BASE_URL: NOBODY, CONDUCTOR_MODEL: 'openai:gpt-test', OPENAI_BASE_URL: `${vllm.url}/v1` }
      const { child, ask } = await startDemo(env)
      const { id } = (await ask('how many?', { model: 'conductor', background: true })) as Run
      await expect.poll(() => vllm.requests.length).toBe(2)
      const orphans = await chainPids()
      child.kill('SIGKILL')
      await once(child, 'exit')
      expect(orphans.every(isAlive)).toBe(true)
      isSlow = false
      const { find } = await startDemo(env)
      await expect.poll(() => orphans.filter(isAlive)).toEqual([])
      await expect.poll(async () => (await find(id)).status, { timeout: 20_000 }).toBe('completed')
      expect((await find(id)).result?.choices[0]?.message.content).toMatch(/^It has sent 1,648\./)
      // The first step was recorded: only the one that was broken off was made again.
      expect(vllm.requests).toHaveLength(3)
    } finally {
      await vllm.close()
    }
  })

  test('ends with the npm that started it, even when npm is killed with SIGKILL', async () => {
    const { child, output } = spawnDemo({ OLLAMA_BASE_URL: NOBODY }, ['npm', 'run', 'demo'])
    await expect.poll(output, { timeout: 60_000 }).toContain('Ctrl-C stops everything')
    const nodes = await chainPids()
    child.kill('SIGKILL')
    await expect.poll(() => nodes.filter(isAlive)).toEqual([])
  })

  test('says in one line that its port is taken, and leaves no node behind', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const { child, output } = spawnDemo({ OLLAMA_BASE_URL: NOBODY, PORT: String(port) })
    expect(await once(child, 'exit')).toEqual([1, null])
    expect(output().trim()).toBe(`Port ${port} is taken. Set PORT=${port + 1}, or stop the other process.`)
    expect((await chainPids()).filter(isAlive)).toEqual([])
    other.close()
  })
})

function spawnDemo(env: Record<string, string>, command = [process.execPath, 'demo/main.ts']) {
  const [program = '', ...args] = command
  const child = spawn(program, args, {
    cwd: ROOT,
    env: { PATH: process.env.PATH, PORT: '0', DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.push({ child, closed: once(child, 'close') })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (output += text))
  return { child, output: () => output }
}

async function startDemo(env: Record<string, string>) {
  const { child, output } = spawnDemo(env)
  await expect.poll(output, { timeout: 60_000 }).toContain('Ctrl-C stops everything')
  const url = /url\s+(\S+)/.exec(output())?.[1] ?? ''
  const headers = { 'content-type': 'application/json', authorization: 'Bearer demo' }
  const ask = async (content: string, more: object = {}): Promise<unknown> => {
    const response = await fetch(`${url}/chat/completions`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ messages: [{ role: 'user', content }], ...more }),
    })
    return response.json()
  }
  const find = async (id: string) => (await (await fetch(`${url}/runs/${id}`, { headers })).json()) as Run
  return { child, banner: output(), ask, find }
}

/** What a line of the banner prints, pasted into a shell of the same settings. */
async function shell(line: string, key = ''): Promise<string> {
  const child = spawn('sh', ['-c', line], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, DATA_DIR: dataDir, KEY: key },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const told = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text) => (told[name] += text))
  }
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${line}: ${told.stderr}`)
  return told.stdout.trim()
}

type Run = {
  id: string
  status: string
  result: { model: string; choices: { message: { content: string } }[] } | null
}

/** From the records that the dev chain keeps of its nodes. */
async function chainPids(): Promise<number[]> {
  const records = join(dataDir, 'devchain')
  const files = await readdir(records)
  const texts = await Promise.all(files.map((file) => readFile(join(records, file), 'utf8')))
  return texts.map((text) => (JSON.parse(text) as { pid: number }).pid)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
