import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scriptedRpcNode } from '../support/rpc-node.ts'

const COMMAND = join(import.meta.dirname, '../../scripts/tool.ts')

function tool(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const { PATH = '' } = process.env
    execFile(process.execPath, [COMMAND, ...args], { env: { PATH, ...env } }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err })
    })
  })
}

test('without a name it lists the tools, with a line each', async () => {
  const { code, out } = await tool([])
  expect(code).toBe(0)
  expect(out).toContain("npm run tool -- <name> '<arguments as JSON>'")
  expect(out).toMatch(/^ {2}transaction_count {2}How many transactions an address has sent on a chain/m)
})

test('an answer is printed as JSON, then as a sentence', async () => {
  await using node = await scriptedRpcNode({ chainId: 8453, answers: { eth_getCode: () => '0x' } })
  const args = '{"address": "0x00000000219ab540356cBB839Cbe05303d7705Fa", "chain": "base"}'
  const { code, out } = await tool(['transaction_count', args], { RPC_URL_8453: node.url })
  expect(code).toBe(0)
  const sentence = '0x00000000219ab540356cBB839Cbe05303d7705Fa has sent 1 transaction on base.'
  expect(out.trim().split('\n').at(-1)).toBe(sentence)
  expect(JSON.parse(out.slice(0, out.lastIndexOf('}') + 1))).toMatchObject({
    summary: sentence,
    result: { nonce: 1 },
    blocks: [{ chain: 'base', number: 23_500_000 }],
  })
})

test("a tool's error is told on the error stream, and is exit code 1", async () => {
  const candidates = await tool(['token_info', '{"token": "USDC", "chain": "arbitrum"}'])
  expect(candidates).toMatchObject({ code: 1, out: '' })
  expect(candidates.err).toContain('2 tokens on arbitrum')
  expect(candidates.err).toContain('0xaf88d065e77c8cC2239327C5EDb3A432268e5831')
})

test('a wrong command line or environment is exit code 2, and says what to correct', async () => {
  const [name, environment] = await Promise.all([tool(['no_such_tool']), tool(['gas'], { RPC_URL_1: 'not a url' })])
  expect(name).toMatchObject({ code: 2, err: expect.stringContaining("no tool named 'no_such_tool'") })
  expect(environment).toMatchObject({ code: 2, err: expect.stringContaining('RPC_URL_1') })
})

test('--demo runs it on a development chain that is there for the call alone', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'groundwire-tool-'))
  const { code, out } = await tool(['--demo', 'transaction_count', '{"address": "vitalik.eth"}'], { DATA_DIR: dataDir })
  expect(code).toBe(0)
  expect(out.trim().split('\n').at(-1)).toBe('vitalik.eth has sent 1,648 transactions on ethereum.')
  expect(await readdir(join(dataDir, 'devchain'))).toEqual([])
  await rm(dataDir, { recursive: true })
})

test('--demo refuses a chain that the demo does not have, and looks it up nowhere else', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'groundwire-tool-'))
  const { code, err } = await tool(['--demo', 'gas', '{"chain": "polygon"}'], { DATA_DIR: dataDir })
  expect({ code, err }).toEqual({ code: 1, err: 'polygon is not enabled here. Enabled: ethereum, base, arbitrum.\n' })
  await rm(dataDir, { recursive: true })
})
