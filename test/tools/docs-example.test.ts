import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { encodeFunctionData, erc20Abi } from 'viem'
import { expect, test } from 'vitest'
import { devClient } from '../../devchain/dev-client.ts'
import { loadMeta } from '../../devchain/meta.ts'
import { startDevChain } from '../../devchain/start.ts'
import { createChains } from '../../src/chain/chains.ts'
import { loadTools } from '../../src/tools/load-tools.ts'
import { createToolSet } from '../../src/tools/tool-set.ts'

const ROOT = join(import.meta.dirname, '../..')

test('the example of docs/tools.md is a tool that loads and answers', async () => {
  const example = /```ts\n([\s\S]*?)```/.exec(await readFile(join(ROOT, 'docs/tools.md'), 'utf8'))?.[1] ?? ''
  const directory = await mkdtemp(join(ROOT, 'test/.docs-example-'))
  const dev = await startDevChain({ chainIds: [1] })
  const chains = createChains({ chains: ['ethereum'], rpcUrls: dev.rpcUrls })
  try {
    const toolkit = pathToFileURL(join(ROOT, 'src/toolkit.ts')).href
    await writeFile(join(directory, 'allowance.ts'), example.replace('../src/toolkit.ts', toolkit))
    const tools = createToolSet(await loadTools(directory))

    const { accounts, tokens } = await loadMeta(1)
    const [alice, bob] = ['alice', 'bob'].map((label) => accounts.find((account) => account.label === label)?.address)
    const usdc = tokens.find(({ symbol, kind }) => symbol === 'USDC' && kind === 'listed')?.address
    if (alice === undefined || bob === undefined || usdc === undefined) throw new Error('the world has changed')
    const client = devClient(dev.chains[0]?.url ?? '', 1)
    const data = encodeFunctionData({ abi: erc20Abi, functionName: 'approve', args: [bob, 1_250_500_000n] })
    await client.waitForTransactionReceipt({ hash: await client.sendTransaction({ account: alice, to: usdc, data }) })

    const { signal } = new AbortController()
    const argumentsText = '{"owner": "alice.eth", "spender": "bob.eth", "token": "USDC"}'
    const { scope } = chains.openSession()
    const result = await tools.run({ id: 'call_1', name: 'allowance', argumentsText }, scope, signal)
    expect(result).toMatchObject({ ok: true, summary: 'bob.eth may take 1,250.5 USDC from alice.eth on ethereum.' })
  } finally {
    await chains.close()
    await dev.stop()
    await rm(directory, { recursive: true })
  }
})
