import { expect, test } from 'vitest'
import { createControl } from '../../devchain/control.ts'
import { scriptedOllama } from '../support/scripted-ollama.ts'
import { devChainEnv, wholeGateway } from '../support/whole-gateway.ts'

test('a block that is replaced while a question is answered is reported in the answer', async () => {
  const { chain, env } = await devChainEnv([1])
  const control = createControl({ url: chain.rpcUrls[1]?.[0] ?? '', chainId: 1 })
  const ollama = await scriptedOllama(async ({ body }) => {
    if (body.messages.at(-1).role !== 'tool') {
      return { toolCalls: [{ name: 'transaction_count', arguments: { address: 'vitalik.eth' } }] }
    }
    await control.reorg(3)
    return { text: 'It is 1,648.' }
  })
  const gateway = await wholeGateway({ ...env, OLLAMA_BASE_URL: ollama.url })
  try {
    const messages = [{ role: 'user', content: 'how many transactions has vitalik.eth sent?' }]
    const response = await gateway.ask({ messages, groundwire: { trace: true } })
    const { choices, groundwire } = (await response.json()) as {
      choices: { message: { content: string } }[]
      groundwire: { blocks: { number: string }[]; reorgs: unknown[] }
    }
    const block = groundwire.blocks[0]?.number
    expect(choices[0]?.message.content).toContain(`It is 1,648.\n\nNote: ethereum block ${block} was replaced`)
    expect(groundwire.reorgs).toEqual(groundwire.blocks)
  } finally {
    await gateway.close()
    await ollama.close()
    await chain.stop()
  }
})
