import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ClientTool, Message, ToolDefinition } from '../messages.ts'
import { estimatePromptTokens } from './estimate-tokens.ts'
import type { ModelEvent, ModelRequest } from './model.ts'
import { createRehearsal } from './rehearsal.ts'

const VITALIK = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045'

describe('a question is matched to the examples of the tools', () => {
  test.each<[ask: string, ...calls: [name: string, args: Record<string, unknown>][]]>([
    // As the example has it, and nearly so.
    [
      'how many transactions has vitalik.eth sent on ethereum?',
      ['transaction_count', { address: 'vitalik.eth', chain: 'ethereum' }],
    ],
    [`how many txs has ${VITALIK} sent on base`, ['transaction_count', { address: VITALIK, chain: 'base' }]],
    [
      'How many transactions did vitalik.eth make on Polygon?',
      ['transaction_count', { address: 'vitalik.eth', chain: 'polygon' }],
    ],
    ["whats vitalik.eth's nonce", ['transaction_count', { address: 'vitalik.eth' }]],
    [
      'hey, could you please tell me the nonce of vitalik.eth? thanks!',
      ['transaction_count', { address: 'vitalik.eth' }],
    ],
    [
      'did nick.eth send any transactions on op mainnet',
      ['transaction_count', { address: 'nick.eth', chain: 'optimism' }],
    ],
    [`who is ${VITALIK}?`, ['name_of_address', { address: VITALIK }]],
    ['which address does jesse.base.eth resolve to', ['resolve_name', { name: 'jesse.base.eth' }]],
    ['resolve 🦇.eth', ['resolve_name', { name: '🦇.eth' }]],
    // A symbol by capitals, and by its place alone.
    ['how much ETH does vitalik.eth have?', ['balance', { addresses: ['vitalik.eth'], token: 'ETH' }]],
    ['how much wsteth does vitalik.eth own', ['balance', { addresses: ['vitalik.eth'], token: 'wsteth' }]],
    ['eth balance of vitalik.eth on arb', ['balance', { addresses: ['vitalik.eth'], token: 'eth', chain: 'arbitrum' }]],
    ['vitalik.eth balance', ['balance', { addresses: ['vitalik.eth'] }]],
    [
      'what was the USDC balance of vitalik.eth at block 23,500,000',
      ['balance', { addresses: ['vitalik.eth'], token: 'USDC', block: 23_500_000 }],
    ],
    // Lists.
    [
      'compare the usdc balances of alice.eth and bob.eth',
      ['balance', { addresses: ['alice.eth', 'bob.eth'], token: 'usdc' }],
    ],
    ['ETH price', ['price', { assets: ['ETH'] }]],
    ['price of btc, eth and link in usd', ['price', { assets: ['btc', 'eth', 'link'] }]],
    ['how much is 1 ETH worth in dollars?', ['price', { assets: ['ETH'] }]],
    ['WHAT IS THE PRICE OF BTC', ['price', { assets: ['BTC'] }]],
    ["what's the pirce of BTC?", ['price', { assets: ['BTC'] }]],
    ['what is vitalik.eth worth?', ['portfolio', { address: 'vitalik.eth' }]],
    ['does vitalik.eth own any usdc?', ['balance', { addresses: ['vitalik.eth'], token: 'usdc' }]],
    ['please answer briefly: price of ETH?', ['price', { assets: ['ETH'] }]],
    ['price history of ETH', ['price', { assets: ['ETH'] }]],
    ['ETH price in EUR', ['price', { assets: ['ETH', 'EUR'] }]],
    // A symbol that an example names in passing.
    ['how much would it cost to send ETH on arbitrum?', ['gas', { chain: 'arbitrum' }]],
    // Vocabulary words, several where the field takes one.
    ['gas on arbitrum?', ['gas', { chain: 'arbitrum' }]],
    ['ethereum gas', ['gas', { chain: 'ethereum' }]],
    ['how expensive is gas right now', ['gas', {}]],
    ['gas price on base and op', ['gas', { chain: 'base' }], ['gas', { chain: 'optimism' }]],
    [
      'nonces of alice.eth and bob.eth',
      ['transaction_count', { address: 'alice.eth' }],
      ['transaction_count', { address: 'bob.eth' }],
    ],
    // Numbers and times.
    ['when was block #23500000 mined?', ['block', { number: 23_500_000 }]],
    ['what was the block on base at 1 January 2025 12:00?', ['block', { chain: 'base', time: '2025-01-01T12:00:00Z' }]],
    ['which block was mined 3 hours ago', ['block', { time: '3 hours ago' }]],
    ['latest block', ['block', {}]],
    // Arithmetic.
    ["what's 15% of 3412.75?", ['calculate', { expression: '15% of 3412.75' }]],
    ['please compute (1 + 2) * 3', ['calculate', { expression: '(1 + 2) * 3' }]],
    ['convert 1.5 ether to wei', ['calculate', { expression: '1.5 ether to wei' }]],
    // A fixed value of an example is only its usual value.
    ['is vitalik.eth a contract?', ['code', { address: 'vitalik.eth', kind: 'contract' }]],
    ['is vitalik.eth a proxy?', ['code', { address: 'vitalik.eth', kind: 'proxy' }]],
  ])('%s', async (ask, ...calls) => {
    expect(await callsFor(ask)).toEqual(calls)
  })

  test.each([
    'hello, write me a poem about ethereum',
    'tell me a joke',
    'what is love',
    'translate hello to french',
    'write a python function that adds 2 numbers',
    'what is the weather in paris?',
    'who was the first president of france',
    VITALIK,
  ])('nothing is looked up for: %s', async (ask) => {
    const { calls, text } = await run([user(ask)])
    expect(calls).toEqual([])
    expect(text).toContain(`I could not match “${ask.replace('?', '')}”`)
  })

  test.each(['gas on solana', 'balance of vitalik.eth on solana'])(
    'a place that no tool knows is not answered for another: %s',
    async (question) => {
      expect((await run([user(question)])).calls).toEqual([])
    },
  )

  test('a tool that was not offered is never called', async () => {
    const { calls } = await run([user('gas on base?')], { tools: TOOLS.filter(({ name }) => name !== 'gas') })
    expect(calls).toEqual([])
  })

  test('the first of two tools that fit alike is called', async () => {
    const twin = (name: string): ToolDefinition => ({ ...tool('gas'), name })
    expect(await callsFor('gas on base?', [twin('first'), twin('second')])).toEqual([['first', { chain: 'base' }]])
  })

  test('a question that leaves a required field open is asked back', async () => {
    const { calls, text } = await run([user("what's my balance?")])
    expect(calls).toEqual([])
    expect(text).toContain("To answer “what's my balance” I need: addresses.")
  })

  test.each([
    [VITALIK.slice(0, -1), "'0xd8dA…9604' is no address: it has 39 digits, not 40."],
    [`${VITALIK}0`, "'0xd8dA…0450' is no address: it has 41 digits, not 40."],
  ])('an address that is not 40 digits long is named: %s', async (address, told) => {
    const { calls, text } = await run([user(`what is the balance of ${address}?`)])
    expect(calls).toEqual([])
    expect(text).toContain(told)
    expect(text).not.toContain('I need')
  })
})

describe('several questions in one message are several calls in one step', () => {
  test.each<[ask: string, ...calls: [name: string, args: Record<string, unknown>][]]>([
    [
      'What is the ETH price? How much USDC does vitalik.eth have?',
      ['price', { assets: ['ETH'] }],
      ['balance', { addresses: ['vitalik.eth'], token: 'USDC' }],
    ],
    [
      'nonce of vitalik.eth, price of ETH, and gas on base',
      ['transaction_count', { address: 'vitalik.eth' }],
      ['price', { assets: ['ETH'] }],
      ['gas', { chain: 'base' }],
    ],
    [
      'balance and nonce of vitalik.eth',
      ['balance', { addresses: ['vitalik.eth'] }],
      ['transaction_count', { address: 'vitalik.eth' }],
    ],
    [
      '1. what is the nonce of alice.eth\n2. what is her balance\n- gas',
      ['transaction_count', { address: 'alice.eth' }],
      ['balance', { addresses: ['alice.eth'] }],
      ['gas', {}],
    ],
    [
      'what are the balance and nonce of vitalik.eth on base?',
      ['balance', { addresses: ['vitalik.eth'], chain: 'base' }],
      ['transaction_count', { address: 'vitalik.eth', chain: 'base' }],
    ],
    [
      'nonce of vitalik.eth on base, and the latest block there',
      ['transaction_count', { address: 'vitalik.eth', chain: 'base' }],
      ['block', { chain: 'base' }],
    ],
    ['gas on base; gas on base', ['gas', { chain: 'base' }]],
  ])('%s', async (ask, ...calls) => {
    expect(await callsFor(ask)).toEqual(calls)
  })

  test('at most eight calls leave at once, and the answer tells of the rest', async () => {
    const ask = user(Array.from({ length: 10 }, (_, i) => `nonce of user${i}.eth?`).join('\n'))
    const { calls, reason } = await run([ask])
    expect(calls).toHaveLength(8)
    expect(reason).toBe('tool_calls')
    const { text } = await run([ask, ...replies([{ summary: 'Done.' }])])
    expect(text).toContain('2 more were asked')
  })

  test('each call of a conversation has its own id', async () => {
    const first = await events([user('gas on base and arbitrum?')])
    const second = await events([
      user('gas on base?'),
      { role: 'assistant', text: '1 gwei', toolCalls: [] },
      user('gas on base?'),
    ])
    const other = await events([user('Gas on base?')])
    const all = [...first, ...second, ...other]
    const ids = all.flatMap((event) => (event.type === 'tool_call' ? [event.call.id] : []))
    expect(new Set(ids).size).toBe(4)
    for (const id of ids) expect(id).toMatch(/^call_[a-z0-9]{24}$/)
  })
})

describe('a follow-up changes a part of the question before it', () => {
  test.each<[turns: string[], ...calls: [name: string, args: Record<string, unknown>][]]>([
    [
      ['how many transactions has vitalik.eth sent on ethereum?', 'and on base?'],
      ['transaction_count', { address: 'vitalik.eth', chain: 'base' }],
    ],
    [
      ['how many transactions has vitalik.eth sent on base?', 'what about bob.eth?'],
      ['transaction_count', { address: 'bob.eth', chain: 'base' }],
    ],
    [
      [
        'nonce of vitalik.eth on base',
        'and its balance?',
        'and in USDC?',
        'how about on arbitrum',
        'thanks!',
        'and on op?',
      ],
      ['balance', { addresses: ['vitalik.eth'], token: 'USDC', chain: 'optimism' }],
    ],
    [
      ['nonce of bob.eth on base', 'and its balance?'],
      ['balance', { addresses: ['bob.eth'], chain: 'base' }],
    ],
    [
      ['nonce of bob.eth on base', 'how much USDC does it hold?'],
      ['balance', { addresses: ['bob.eth'], token: 'USDC', chain: 'base' }],
    ],
    [
      ['nonce of bob.eth on base', 'and what is the balance of alice.eth?'],
      ['balance', { addresses: ['alice.eth'] }],
    ],
    [
      ['nonce of bob.eth on base', "what's the latest block there?"],
      ['block', { chain: 'base' }],
    ],
    [
      ["I'm bob.eth", "what's my nonce on base?"],
      ['transaction_count', { address: 'bob.eth', chain: 'base' }],
    ],
    [
      ['My wallet is bob.eth. Hi!', 'how many transactions have I sent'],
      ['transaction_count', { address: 'bob.eth' }],
    ],
    [
      ['when was block 20000000 mined', 'and 20000001?'],
      ['block', { number: 20_000_001 }],
    ],
    [
      ['when was block 20000000 mined', '10 * 3'],
      ['calculate', { expression: '10 * 3' }],
    ],
    [
      ['price of BTC', 'and link?'],
      ['price', { assets: ['link'] }],
    ],
    [
      ['compare the usdc balances of alice.eth and bob.eth', 'and their nonces?'],
      ['transaction_count', { address: 'alice.eth' }],
      ['transaction_count', { address: 'bob.eth' }],
    ],
    [
      ['usdc balance of alice.eth and bob.eth', 'what is his nonce?'],
      ['transaction_count', { address: 'bob.eth' }],
    ],
    [
      ['usdc balance of alice.eth', 'and on base and arbitrum?'],
      ['balance', { addresses: ['alice.eth'], token: 'usdc', chain: 'base' }],
      ['balance', { addresses: ['alice.eth'], token: 'usdc', chain: 'arbitrum' }],
    ],
    [
      ['how much USDC does alice.eth have', "what's its price"],
      ['price', { assets: ['USDC'] }],
    ],
    [
      ['gas on base', 'nonce of bob.eth', 'and alice.eth?'],
      ['transaction_count', { address: 'alice.eth' }],
    ],
    [
      ['gas on base?', 'write me a poem', 'and arbitrum?'],
      ['gas', { chain: 'arbitrum' }],
    ],
  ])('%j', async (turns, ...calls) => {
    const messages = turns.flatMap((turn, i): Message[] =>
      i === 0 ? [user(turn)] : [{ role: 'assistant', text: 'An answer.', toolCalls: [] }, user(turn)],
    )
    expect((await run(messages)).calls).toEqual(calls)
  })

  test.each(['and sing a song', 'and on base?', 'ok thanks'])('nothing is looked up for a bare: %s', async (turn) => {
    const before = turn.includes('base') ? [] : [user('price of BTC')]
    expect((await run([...before, user(turn)])).calls).toEqual([])
  })
})

describe('the answer is what the tools said', () => {
  const block = { chain: 'ethereum', number: 23_500_199, hash: '0xab', time: '2026-11-21T21:00:12.000Z' }

  test('summaries in call order, one note a tool, and the block they were read at, once', async () => {
    const { text, reason } = await run([
      user('nonces of alice.eth and bob.eth'),
      ...replies([
        { summary: 'alice.eth has sent 4 transactions.', notes: ['It is the nonce', 'and more'], blocks: [block] },
        { summary: 'bob.eth has sent 5 transactions.', notes: ['It is the nonce'], blocks: [block] },
      ]),
    ])
    expect(text).toBe(
      [
        'alice.eth has sent 4 transactions.',
        'bob.eth has sent 5 transactions.',
        'Note: It is the nonce.',
        'Read at ethereum block 23,500,199 (2026-11-21 21:00:12 UTC).',
      ].join('\n'),
    )
    expect(reason).toBe('stop')
  })

  test('a failure is told plainly, beside what succeeded', async () => {
    const { text } = await run([
      user('gas on base and arbitrum'),
      ...replies([{ error: 'no node answered' }, { summary: 'Gas on arbitrum is 0.01 gwei.' }]),
    ])
    expect(text).toBe('I could not get an answer from some_tool: no node answered.\nGas on arbitrum is 0.01 gwei.')
  })

  test('a part that no tool matched leaves the other parts alone', async () => {
    expect(await callsFor('price of ETH and write me a poem')).toEqual([['price', { assets: ['ETH'] }]])
  })

  test('a question that no tool matched is named beside the answers', async () => {
    const { text } = await run([user('gas? and write me a poem'), ...replies([{ summary: 'Gas is 1 gwei.' }])])
    expect(text).toContain('Gas is 1 gwei.\nI could not match “and write me a poem”.')
    expect(text).toContain('rehearsal model')
  })

  test('without tools on offer it answers from the tool messages there are', async () => {
    const messages = [user('gas? and write me a poem'), ...replies([{ summary: 'Gas is 1 gwei.' }])]
    expect((await run(messages, { tools: [] })).text).toBe('Gas is 1 gwei.')
  })

  test('asked once more for the answer, with no tools on offer, it gives the one it has', async () => {
    const messages = [user('gas?'), ...replies([{ summary: 'Gas is 1 gwei.' }]), user('Answer now.')]
    expect((await run(messages, { tools: [] })).text).toBe('Gas is 1 gwei.')
  })

  test('a tool message of another form is quoted', async () => {
    const messages = [user('gas?'), ...toolMessages([['gas', 'plain words']])]
    expect(await run(messages)).toMatchObject({ text: 'gas said: plain words', calls: [] })
  })

  test('tool messages of an earlier turn are not answered again', async () => {
    const { calls } = await run([user('gas?'), ...replies([{ summary: 'Gas is 1 gwei.' }]), user('gas on base?')])
    expect(calls).toEqual([['gas', { chain: 'base' }]])
  })
})

describe("a caller's own tools", () => {
  const weather: ClientTool = { ...define('weather', { city: { type: 'string' } }, []), strict: false }
  const clock: ClientTool = { ...define('clock', { 'zone?': { type: 'string' } }, []), strict: false }

  test('are called where that needs no knowledge: by name, or as the only one', async () => {
    const asked = [user('what time is it?'), user('Now call one of the functions.')]
    const called = { calls: [['clock', {}]], text: '', reason: 'tool_calls' }
    const tools = [clock, weather]
    expect(await run(asked, { tools, toolChoice: { name: 'clock' } })).toEqual(called)
    expect(await run(asked, { tools: [clock], toolChoice: 'required' })).toEqual(called)
    expect((await run(asked, { tools, toolChoice: 'required' })).calls).toEqual([])
    expect((await run(asked, { tools, toolChoice: { name: 'weather' } })).calls).toEqual([])
    expect((await run(asked, { tools: [weather], toolChoice: 'required' })).calls).toEqual([])
    expect((await run(asked, { tools: [clock] })).calls).toEqual([])
  })

  test('change nothing of how questions are matched', async () => {
    const tools = [weather, ...TOOLS, clock]
    for (const ask of ['gas on base?', 'nonce of vitalik.eth', 'what is the weather in paris?', 'hello']) {
      expect(await run([user(ask)], { tools })).toEqual(await run([user(ask)]))
    }
  })

  test('are introduced as what they are', async () => {
    const { text } = await run([user('hello')], { tools: [weather] })
    expect(text).toContain('declare no examples')
    expect(text).not.toMatch(/^- |No tools are offered/m)
  })

  test('are quoted, and nothing is said of what no example matched', async () => {
    const messages = [user('what is the weather in paris?'), ...toolMessages([['weather', '{"celsius":21}']])]
    expect((await run(messages, { tools: [...TOOLS, weather] })).text).toBe('weather said: {"celsius":21}')
    expect((await run(messages, { tools: [] })).text).toBe('weather said: {"celsius":21}')
  })

  test('answer first where the question was for the gateway too', async () => {
    const tools = [...TOOLS, weather]
    const asked = [user('gas on base? and the weather in paris?'), ...toolMessages([['weather', '21 °C']])]
    const { calls } = await run(asked, { tools })
    expect(calls).toEqual([['gas', { chain: 'base' }]])
    const answered = [...asked, ...toolMessages([['gas', '{"summary":"Gas is 1 gwei."}']])]
    expect(await run(answered, { tools })).toMatchObject({ text: 'weather said: 21 °C\nGas is 1 gwei.', calls: [] })
  })
})

describe('JSON that is asked for', () => {
  const answered = [user('gas?'), ...replies([{ summary: 'Gas is 1 gwei.' }]), user('Write the JSON.')]
  const text = { type: 'string', description: 'What was found.' }

  test.each<[what: string, schema: Record<string, unknown> | undefined, json: string]>([
    ['any', undefined, '{"answer":"Gas is 1 gwei."}'],
    ['one text', { type: 'object', properties: { reply: text }, required: ['reply'] }, '{"reply":"Gas is 1 gwei."}'],
    [
      'one text that must be, and more that may',
      { type: 'object', properties: { n: { type: 'number' }, reply: text }, required: ['reply'] },
      '{"reply":"Gas is 1 gwei."}',
    ],
    ['one text that may be', { type: 'object', properties: { reply: text } }, '{"reply":"Gas is 1 gwei."}'],
    [
      'one text or null',
      { type: 'object', properties: { reply: { type: ['string', 'null'] } }, required: ['reply'] },
      '{"reply":"Gas is 1 gwei."}',
    ],
  ])('holds the answer: %s', async (_what, schema, json) => {
    const format = schema === undefined ? {} : { schema }
    expect((await run(answered, { tools: [], format })).text).toBe(json)
  })

  test.each<[what: string, properties: Record<string, unknown>]>([
    ['two texts', { a: text, b: text }],
    ['a number', { a: { type: 'number' } }],
    ['one of several words', { a: { ...text, enum: ['yes', 'no'] } }],
    ['a date', { a: { ...text, format: 'date' } }],
    ['nothing', {}],
  ])('stays text where values would have to be invented: %s', async (_what, properties) => {
    const schema = { type: 'object', properties, required: Object.keys(properties) }
    expect((await run(answered, { tools: [], format: { schema } })).text).toBe('Gas is 1 gwei.')
  })

  test('is what it has said before it was asked for JSON', async () => {
    const said = (text: string): Message => ({ role: 'assistant', text, toolCalls: [] })
    const answer = [...answered.slice(0, -1), said('Gas is 1 gwei. I could not match “x”.'), user('As JSON, please.')]
    expect(JSON.parse((await run(answer, { tools: [], format: {} })).text)).toEqual({
      answer: 'Gas is 1 gwei. I could not match “x”.',
    })
    const { text: introduction } = await run([user('gas on solana?')])
    const asked = [user('gas on solana?'), said(introduction), user('As JSON, please.')]
    expect(JSON.parse((await run(asked, { tools: [], format: {} })).text)).toEqual({ answer: introduction })
  })

  test('without a question for the tools is the introduction', async () => {
    const { text } = await run([user('hello')], { tools: [], format: {} })
    expect(JSON.parse(text)).toEqual({ answer: expect.stringContaining('rehearsal model') })
  })

  test('holds a title too', async () => {
    const schema = { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] }
    const asked = [user('gas on base?'), user('Generate a title for this chat')]
    expect((await run(asked, { tools: [], format: { schema } })).text).toBe('{"title":"Gas Base"}')
  })
})

describe('an introduction says what it is', () => {
  test.each(['hello', 'hi there!', 'help', 'what can you do?', 'who are you', '', '?!'])('asked: %j', async (ask) => {
    const { text, calls } = await run([user(ask)])
    expect(calls).toEqual([])
    expect(text).toContain('rehearsal model')
    expect(text).toContain('no language model')
    expect(text).toContain('- how many transactions has vitalik.eth sent on ethereum?')
    expect(text).toContain('ollama pull qwen3:8b')
    expect(text).toContain('OPERATOR_MODEL')
    expect(text).not.toContain('could not match')
  })

  test('it has an ask of every tool, and leaves no slot empty', async () => {
    const { text } = await run([user('hello')])
    expect(text.match(/^- /gm)).toHaveLength(TOOLS.length)
    expect(text).not.toMatch(/[{}]/)
  })

  test('its asks are ones that their tools can answer', async () => {
    const tools = [
      define('token_info', { token: TOKEN }, ['what is the contract address of {token}?']),
      define('name_of_address', { address: ADDRESS }, ['what is the ens name of {address}?']),
    ]
    const { text } = await run([user('hello')], { tools })
    expect(text).toContain('- what is the contract address of USDC?')
    expect(text).toContain(`- what is the ens name of ${VITALIK}?`)
  })

  test('without tools it says that there are none', async () => {
    expect((await run([user('gas?')], { tools: [] })).text).toContain('No tools are offered')
  })
})

describe('it keeps the manners of a model', () => {
  const told = [user('gas?'), ...replies([{ summary: 'one two three four five' }])]

  test('prompts count as those of other models do, tools included', async () => {
    const seen = await events(told)
    const promptTokens = estimatePromptTokens(told, TOOLS)
    expect(seen.at(-1)).toMatchObject({ type: 'finished', usage: { promptTokens } })
  })

  test('text comes word by word, and its usage counts the words', async () => {
    const seen = await events(told)
    expect(seen.slice(0, -1)).toEqual(
      ['one', ' two', ' three', ' four', ' five'].map((text) => ({ type: 'text', text })),
    )
    expect(seen.at(-1)).toMatchObject({ type: 'finished', reason: 'stop', usage: { completionTokens: 5 } })
  })

  test('an answer past maxTokens is cut and says so by its finish reason', async () => {
    expect(await run(told, { params: { maxTokens: 3 } })).toMatchObject({ text: 'one two three', reason: 'length' })
    expect(await run(told, { params: { maxTokens: 5 } })).toMatchObject({ reason: 'stop' })
  })

  test('an answer ends before the first of its stop texts', async () => {
    expect(await run(told, { params: { stop: ['five', ' three', ''] } })).toMatchObject({
      text: 'one two',
      reason: 'stop',
    })
  })

  test('the same request gets the same reply', async () => {
    const ask = [user('gas on base and the price of ETH')]
    expect(await events(ask)).toEqual(await events(ask))
  })

  test('an aborted signal ends the stream with its reason', async () => {
    const reason = new Error('caller left')
    const controller = new AbortController()
    const seen: ModelEvent[] = []
    const reading = (async () => {
      for await (const event of createRehearsal().stream({
        messages: told,
        tools: TOOLS,
        params: {},
        signal: controller.signal,
      })) {
        seen.push(event)
        if (seen.length === 2) controller.abort(reason)
      }
    })()
    await expect(reading).rejects.toBe(reason)
    expect(seen).toHaveLength(2)
  })

  test('it is always ready', async () => {
    const model = createRehearsal()
    expect(model).toMatchObject({ id: 'rehearsal', backend: 'rehearsal' })
    expect(await model.check(AbortSignal.timeout(1_000))).toEqual({ status: 'ok' })
  })
})

describe('whatever it reads, it ends with one finish', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'gas',
      'price',
      'of',
      'and',
      ',',
      '?',
      'ETH',
      'vitalik.eth',
      VITALIK,
      'on base',
      'block',
      '23,500,000',
      '\n',
      '{',
      '15%',
      '(',
      '*',
      '3',
    ),
    fc.constantFrom(
      'its',
      'balance',
      'nonce',
      "'s",
      '…',
      '🦇.eth',
      '\u202e',
      '\ud800',
      '__proto__',
      'constructor',
      '1 January 2025',
    ),
    fc.string({ unit: 'binary', maxLength: 12 }),
  )
  const words = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(' '))
  const toolText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc
      .record(
        { summary: fc.jsonValue(), error: fc.jsonValue(), notes: fc.jsonValue(), blocks: fc.jsonValue() },
        { requiredKeys: [] },
      )
      .map((value) => JSON.stringify(value)),
  )
  const message = fc.oneof<fc.Arbitrary<Message>[]>(
    words.map((text) => user(text)),
    words.map((text) => ({ role: 'system', text })),
    words.map((text) => ({ role: 'assistant', text, toolCalls: [] })),
    toolText.map((text) => ({ role: 'tool', callId: 'call_1', toolName: 'balance', text })),
  )

  test('any messages', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 6 }), async (messages) => {
        const seen = await events(messages)
        expect(seen.filter(({ type }) => type === 'finished')).toHaveLength(1)
        expect(seen.at(-1)?.type).toBe('finished')
        for (const event of seen) if (event.type === 'tool_call') JSON.parse(event.call.argumentsText)
      }),
      { numRuns: 150 },
    )
  })

  test('any schema and any example', async () => {
    const schema = fc
      .dictionary(fc.string(), fc.jsonValue())
      .map((extra) => ({ type: 'object', properties: { a: extra, b: { anyOf: [extra] } }, ...extra }))
    const example = fc.record({ ask: words, call: fc.dictionary(fc.string(), fc.jsonValue()) })
    await fc.assert(
      fc.asyncProperty(schema, fc.array(example, { maxLength: 4 }), words, async (parameters, examples, text) => {
        const tools: ToolDefinition[] = [{ name: 'any', description: '', parameters, examples }]
        expect((await events([user(text)], { tools })).at(-1)?.type).toBe('finished')
      }),
      { numRuns: 100 },
    )
  })

  test.each([
    ['ten million letters', 'a'.repeat(10_000_000)],
    ['ten million words', 'gas '.repeat(2_500_000)],
    ['a thousand joints', 'gas and balance of vitalik.eth, '.repeat(1_000)],
    ['open brackets', '('.repeat(4_000)],
    ['digits and commas', '1,'.repeat(2_000)],
    ['arithmetic without end', '1+'.repeat(2_000)],
    ['dots', 'a.'.repeat(2_000)],
    ['quotes', '"\''.repeat(2_000)],
  ])('%s are answered in bounded time', async (_what, text) => {
    const startedMs = performance.now()
    await events([user(text), { role: 'assistant', text, toolCalls: [] }, user(text)])
    expect(performance.now() - startedMs).toBeLessThan(5_000)
  })
})

function user(text: string): Message {
  return { role: 'user', text }
}

/** An assistant message with one call for each of `bodies`, and the tool messages that answer it. */
function replies(bodies: readonly unknown[]): Message[] {
  const toolCalls = bodies.map((_, i) => ({ id: `call_${i}`, name: 'some_tool', argumentsText: '{}' }))
  return [
    { role: 'assistant', text: '', toolCalls },
    ...bodies.map(
      (body, i): Message => ({ role: 'tool', callId: `call_${i}`, toolName: 'some_tool', text: JSON.stringify(body) }),
    ),
  ]
}

/** One step with a call of each tool, and what it said. */
function toolMessages(said: readonly [toolName: string, text: string][]): Message[] {
  const toolCalls = said.map(([name], i) => ({ id: `call_${name}_${i}`, name, argumentsText: '{}' }))
  return [
    { role: 'assistant', text: '', toolCalls },
    ...said.map(([toolName, text], i): Message => ({ role: 'tool', callId: `call_${toolName}_${i}`, toolName, text })),
  ]
}

type Overrides = Partial<Pick<ModelRequest, 'tools' | 'params' | 'format' | 'toolChoice'>>

async function events(messages: readonly Message[], overrides: Overrides = {}): Promise<ModelEvent[]> {
  const model = createRehearsal({ words: { chain: CHAIN_WORDS } })
  const seen: ModelEvent[] = []
  const { signal } = new AbortController()
  for await (const event of model.stream({ messages, tools: TOOLS, params: {}, signal, ...overrides })) seen.push(event)
  return seen
}

async function run(messages: readonly Message[], overrides: Overrides = {}) {
  const seen = await events(messages, overrides)
  const last = seen.at(-1)
  return {
    text: seen.flatMap((event) => (event.type === 'text' ? [event.text] : [])).join(''),
    calls: seen.flatMap((event) =>
      event.type === 'tool_call' ? [[event.call.name, JSON.parse(event.call.argumentsText)]] : [],
    ),
    reason: last?.type === 'finished' ? last.reason : undefined,
  }
}

async function callsFor(ask: string, tools: readonly ToolDefinition[] = TOOLS): Promise<unknown[]> {
  return (await run([user(ask)], { tools })).calls
}

const CHAIN_WORDS = new Map(
  Object.entries({
    ethereum: 'ethereum',
    eth: 'ethereum',
    mainnet: 'ethereum',
    base: 'base',
    arbitrum: 'arbitrum',
    arb: 'arbitrum',
    'arbitrum one': 'arbitrum',
    optimism: 'optimism',
    op: 'optimism',
    'op mainnet': 'optimism',
    polygon: 'polygon',
    '1': 'ethereum',
  }),
)

const CHAIN = {
  type: 'string',
  format: 'chain',
  enum: ['ethereum', 'base', 'arbitrum', 'optimism', 'polygon'],
  default: 'ethereum',
}
const ADDRESS = { type: 'string', format: 'address' }
const TOKEN = { type: 'string', format: 'token' }

const TOOLS: readonly ToolDefinition[] = [
  define('transaction_count', { address: ADDRESS, chain: CHAIN }, [
    'how many transactions has {address} sent on {chain}?',
    'how many txs has {address} sent?',
    'what is the nonce of {address}?',
  ]),
  define(
    'balance',
    { addresses: { type: 'array', items: ADDRESS }, 'token?': TOKEN, chain: CHAIN, 'block?': { type: 'integer' } },
    [
      'what is the balance of {addresses}?',
      'what is the {token} balance of {addresses} on {chain}?',
      'how much {token} does {addresses} have?',
    ],
  ),
  define('price', { assets: { type: 'array', items: TOKEN }, chain: CHAIN }, [
    'what is the price of {assets}?',
    '{assets} price',
    'how much is {assets} worth?',
  ]),
  define('gas', { chain: CHAIN }, [
    'how much is gas on {chain}?',
    'what is the gas price?',
    'what does it cost to send ETH?',
  ]),
  define('block', { 'number?': { type: 'integer' }, 'time?': { type: 'string', format: 'time' }, chain: CHAIN }, [
    'what is the latest block on {chain}?',
    'when was block {number} mined?',
    'what was the block at {time}?',
    'which block was mined {time}?',
  ]),
  define(
    'calculate',
    { expression: { type: 'string', format: 'expression' } },
    ['what is {expression}?', 'convert {expression}', 'compute {expression}'],
    'Exact arithmetic, with wei, gwei and ether.',
  ),
  define('portfolio', { address: ADDRESS }, ['what is {address} worth?', 'what does {address} hold?']),
  define('resolve_name', { name: ADDRESS }, ['what is the address of {name}?', 'resolve {name}']),
  define('name_of_address', { address: ADDRESS }, ['who is {address}?', 'what is the ens name of {address}?']),
  {
    ...define('code', { address: ADDRESS, kind: { type: 'string', enum: ['contract', 'proxy'] } }, []),
    examples: [{ ask: 'is {address} a contract?', call: { kind: 'contract' } }],
  },
]

/** A field whose name ends in `?`, or that has a default, is optional. */
function define(
  name: string,
  fields: Record<string, Record<string, unknown>>,
  asks: string[],
  description = '',
): ToolDefinition {
  const isOptional = ([field, schema]: [string, Record<string, unknown>]) => field.endsWith('?') || 'default' in schema
  const properties = Object.fromEntries(
    Object.entries(fields).map(([field, schema]) => [field.replace('?', ''), schema]),
  )
  const required = Object.entries(fields).flatMap((entry) => (isOptional(entry) ? [] : [entry[0]]))
  return {
    name,
    description,
    parameters: { type: 'object', properties, required },
    examples: asks.map((ask) => ({ ask })),
  }
}

function tool(name: string): ToolDefinition {
  const found = TOOLS.find((definition) => definition.name === name)
  if (found === undefined) throw new Error(`no tool ${name} in this spec`)
  return found
}
