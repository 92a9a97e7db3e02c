import { afterEach, expect, test } from 'vitest'
import { closedRpcUrl, scriptedRpcNode } from '../support/rpc-node.ts'
import { openToolbox } from './toolbox.ts'

const closing: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const OWNER = '0x00000000219ab540356cBB839Cbe05303d7705Fa'
const CALLS: [string, object][] = [
  ['resolve_name', { name: 'vitalik.eth' }],
  ['name_of_address', { address: OWNER }],
  ['balance', { addresses: [OWNER], token: 'USDC' }],
  ['token_info', { token: '0x00000000000000000000000000000000000a11ce' }],
  ['price', { assets: ['ETH'] }],
  ['portfolio', { address: OWNER }],
]

test.each([...CALLS, ['transaction_count', { address: OWNER }], ['gas', {}], ['block', {}]] as [string, object][])(
  '%s says that no node answers, and neither where it is nor its key',
  async (name, args) => {
    const url = `${await closedRpcUrl()}/v2/s3cr3t-key-s3cr3t-key-1234`
    const tools = await openToolbox({ 1: [url] })
    closing.push(tools.close)
    const result = await tools.ask(name, args)
    expect(result).toMatchObject({ ok: false, reason: expect.stringContaining('No node of ethereum answers') })
    expect(JSON.stringify(result)).not.toMatch(/s3cr3t|127\.0\.0\.1|:\/\//)
  },
)

test.each(CALLS)('%s does not take a node that refuses calls for a chain without contracts', async (name, args) => {
  const refuse = () => {
    throw { code: -32005, message: 'rate limit exceeded' }
  }
  const node = await scriptedRpcNode({ answers: { eth_call: refuse } })
  const tools = await openToolbox({ 1: [node.url] })
  closing.push(tools.close, node.close)
  expect(await tools.fail(name, args)).toContain('No node of ethereum answers')
})
