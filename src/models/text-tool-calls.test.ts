import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonSchema } from '../messages.ts'
import { createTextToolCalls } from './text-tool-calls.ts'

const CALL = { name: 'native_balance', arguments: { address: '0xd8dA', note: 'a } "b" ```' } }
const JSON_CALL = JSON.stringify(CALL)
const FOUND = `native_balance ${JSON.stringify(CALL.arguments)}`

const TAGGED = `<function=native_balance>
<parameter=address>
0xd8dA
and more
</parameter>
<parameter=block>
7
</parameter>
<parameter=code>
7
</parameter>
<parameter=tags>
["a", "b"]
</parameter>
<parameter=note>
not JSON
</parameter>
</function>`
const TAGGED_FOUND =
  'native_balance {"address":"0xd8dA\\nand more","block":7,"code":"7","tags":["a","b"],"note":"not JSON"}'

const WEI = '1000000000000000001'

describe('tool calls written as text', () => {
  test.each<[form: string, text: string, calls: string[], rest: string]>([
    ['tags', `<tool_call>\n${JSON_CALL}\n</tool_call>`, [FOUND], ''],
    ['tags after a preamble', `Let me look.\n<tool_call>${JSON_CALL}</tool_call>`, [FOUND], 'Let me look.\n'],
    [
      'two pairs of tags',
      `<tool_call>${JSON_CALL}</tool_call>\n<tool_call>${JSON_CALL}</tool_call>`,
      [FOUND, FOUND],
      '\n',
    ],
    ['tags that never close', `<tool_call>${JSON_CALL}`, [FOUND], ''],
    ['a name without arguments in tags', '<tool_call>{"name":"gas_price"}</tool_call>', ['gas_price {}'], ''],
    ['a fence', '```json\n{"name":"gas_price","arguments":{}}\n```', ['gas_price {}'], ''],
    ['a bare object', `\n${JSON_CALL}\n`, [FOUND], '\n'],
    ['a bare array', `[${JSON_CALL}, {"name":"gas_price","parameters":{}}]`, [FOUND, 'gas_price {}'], ''],
    ['an OpenAI object', `{"type":"function","function":${JSON_CALL}}`, [FOUND], ''],
    ["Llama's tag", `<|python_tag|>{"name":"gas_price","parameters":{}}<|eom_id|>`, ['gas_price {}'], ''],
    ["Mistral's mark", `[TOOL_CALLS][${JSON_CALL}]`, [FOUND], ''],
    [
      'arguments as a string',
      '<tool_call>{"name":"gas_price","arguments":"{\\"a\\":1}"}</tool_call>',
      ['gas_price {"a":1}'],
      '',
    ],
    [
      'a tool that was not offered, in tags',
      '<tool_call>{"name":"rm_rf","arguments":{}}</tool_call>',
      ['rm_rf {}'],
      '',
    ],
    ['a brace too few', '<tool_call>{"name":"gas_price","arguments":{"a":1}</tool_call>', ['gas_price {"a":1}'], ''],
    ['a brace too many', '<tool_call>{"name":"gas_price","arguments":{"a":1}}}</tool_call>', ['gas_price {"a":1}'], ''],
    ['broken arguments', '<tool_call>{"name":"gas_price","arguments":{"a":</tool_call> oh', ['gas_price {"a":'], ' oh'],
    ["Qwen3-Coder's tags", `<tool_call>\n${TAGGED}\n</tool_call>`, [TAGGED_FOUND], ''],
    ["Qwen3-Coder's tags without those around them", `Let me look.\n${TAGGED}`, [TAGGED_FOUND], 'Let me look.\n'],
    [
      'numbers larger than a double holds',
      `<tool_call>{"name":"gas_price","arguments":{"wei":${WEI},"of":[${WEI}]}}</tool_call>`,
      [`gas_price {"wei":${WEI},"of":[${WEI}]}`],
      '',
    ],
    [
      'such numbers in tags within tags',
      `<tool_call><function=gas_price><parameter=wei>${WEI}</parameter></function></tool_call>`,
      [`gas_price {"wei":${WEI}}`],
      '',
    ],
    ['two of those', `${TAGGED}\n<function=gas_price>\n</function>`, [TAGGED_FOUND, 'gas_price {}'], '\n'],
    ['two in one pair of tags', `<tool_call>${TAGGED}${TAGGED}</tool_call>`, [TAGGED_FOUND, TAGGED_FOUND], ''],
    [
      'a tool that was not offered, in tags within tags',
      '<tool_call><function=rm_rf><parameter=n>1</parameter></function></tool_call>',
      ['rm_rf {"n":1}'],
      '',
    ],
    ['tags cut short', '<tool_call>\n<function=gas_price>\n<parameter=chain>\nba', ['gas_price {"chain":"ba"}'], ''],
    ["Llama's function", '<function=gas_price>{"chain":"base"}</function>', ['gas_price {"chain":"base"}'], ''],
    [
      "Claude's",
      '<function_calls>\n<invoke name="gas_price">\n<parameter name="chain">base</parameter>\n</invoke>\n</function_calls>',
      ['gas_price {"chain":"base"}'],
      '',
    ],
    ["Mistral's mark with a name", '[TOOL_CALLS]gas_price[ARGS]{"chain": "base"}', ['gas_price {"chain": "base"}'], ''],
    [
      "Mistral's marks with names",
      '[TOOL_CALLS]gas_price[CALL_ID]a1b2[ARGS]{}[TOOL_CALLS]gas_price{"a":1}',
      ['gas_price {}', 'gas_price {"a":1}'],
      '',
    ],
    ['a call cut short', '[TOOL_CALLS][{"name":"gas_price","argu', ['gas_price [{"name":"gas_price","argu'], ''],
  ])('%s are found wherever the text is cut', (_form, text, calls, rest) => {
    expect(run([...text])).toEqual({ calls, rest })
    for (let at = 0; at <= text.length; at++) expect(run([text.slice(0, at), text.slice(at)])).toEqual({ calls, rest })
    fc.assert(
      fc.property(cutsOf(text), (pieces) => {
        expect(run(pieces)).toEqual({ calls, rest })
      }),
    )
  })

  test.each<[what: string, text: string]>([
    ['a tool that was not offered', '{"name":"rm_rf","arguments":{}}'],
    ['a tool that was not offered, in tags', '<function=rm_rf>\n</function> oh'],
    ['tags of another kind', '<functions>, <function>, </function> and <tool_calls>{}'],
    ['tags with text between', '<tool_call><function=gas_price></function> and so on</tool_call>'],
    ['a person', '{"name":"Alice","age":7}'],
    ['the name of a tool alone', '{"name":"gas_price"}'],
    ['broken JSON', '<tool_call>{"name":"rm_rf","arguments":{</tool_call> oh'],
    ['JSON with text behind it', '{"name":"gas_price","arguments":{}} is how you call it'],
    ['a fence of code', 'Try:\n```ts\nconst a = [1]\n```\nand ```json\n{"a": 1}\n```.'],
    ['marks that never were', 'a < b, <tool>, [TOOL], `x`, ``` {'],
    ['a call amid other JSON', '[{"name":"gas_price","arguments":{}}, 7]'],
  ])('%s is text, unchanged', (_what, text) => {
    fc.assert(
      fc.property(cutsOf(text), (pieces) => {
        expect(run(pieces)).toEqual({ calls: [], rest: text })
      }),
    )
  })

  test('no text is lost, doubled or moved, whatever it holds', () => {
    const scraps = fc.constantFrom(
      '<tool_call>',
      '</tool_call>',
      '<function=',
      '</function>',
      '<parameter=a>',
      '```',
      'json',
      '\n',
      '{',
      '"name"',
      ':',
      '[',
      ' ',
      'a',
      '}',
      '<|',
    )
    fc.assert(
      fc.property(fc.array(scraps), (pieces) => {
        expect(run(pieces)).toEqual({ calls: [], rest: pieces.join('') })
      }),
    )
  })

  test('what is too long for a call is not held back for ever', () => {
    const calls = createTextToolCalls(OFFERED)
    const pieces = ['```json', ...Array.from({ length: 40 }, () => ' '.repeat(1_000))]
    const passed = pieces.flatMap((piece) => calls.push(piece)).map((part) => part.type === 'text' && part.text)
    expect(passed.join('')).toBe(pieces.join(''))
  })

  test('plain text passes without delay, and JSON of another kind after its first key', () => {
    const calls = createTextToolCalls(OFFERED)
    expect(calls.push('It is 7 gwei')).toEqual([{ type: 'text', text: 'It is 7 gwei' }])
    expect(calls.push(', or {7')).toEqual([{ type: 'text', text: ', or {7' }])
    const json = createTextToolCalls(OFFERED)
    expect(json.push('{"na')).toEqual([])
    expect(json.push('mes":')).toEqual([{ type: 'text', text: '{"names":' }])
  })
})

const text = { type: 'string' }
const OFFERED = new Map<string, JsonSchema | undefined>([
  ['gas_price', undefined],
  [
    'native_balance',
    {
      properties: {
        address: text,
        block: { type: 'integer' },
        code: { type: ['string', 'null'] },
        tags: { type: 'array' },
      },
    },
  ],
])

function run(pieces: readonly string[]) {
  const filter = createTextToolCalls(OFFERED)
  const parts = [...pieces.flatMap((piece) => filter.push(piece)), ...filter.end()]
  return {
    calls: parts.flatMap((part) => (part.type === 'call' ? [`${part.call.name} ${part.call.argumentsText}`] : [])),
    rest: parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join(''),
  }
}

function cutsOf(text: string) {
  return fc
    .array(fc.nat({ max: text.length }), { maxLength: text.length })
    .map((cuts) => [0, ...cuts.toSorted((a, b) => a - b), text.length])
    .map((cuts) => cuts.slice(1).map((cut, at) => text.slice(cuts[at], cut)))
}
