import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createTextToolCalls } from './text-tool-calls.ts'

const CALL = { name: 'native_balance', arguments: { address: '0xd8dA', note: 'a } "b" ```' } }
const JSON_CALL = JSON.stringify(CALL)
const FOUND = `native_balance ${JSON.stringify(CALL.arguments)}`

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
    ['a call cut short', '[TOOL_CALLS][{"name":"gas_price","argu', ['gas_price [{"name":"gas_price","argu'], ''],
  ])('%s are found wherever the text is cut', (_form, text, calls, rest) => {
    fc.assert(
      fc.property(cutsOf(text), (pieces) => {
        expect(run(pieces)).toEqual({ calls, rest })
      }),
    )
  })

  test.each<[what: string, text: string]>([
    ['a tool that was not offered', '{"name":"rm_rf","arguments":{}}'],
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
    const calls = createTextToolCalls(['gas_price'])
    const pieces = ['```json', ...Array.from({ length: 40 }, () => ' '.repeat(1_000))]
    const passed = pieces.flatMap((piece) => calls.push(piece)).map((part) => part.type === 'text' && part.text)
    expect(passed.join('')).toBe(pieces.join(''))
  })

  test('plain text passes without delay, and JSON of another kind after its first key', () => {
    const calls = createTextToolCalls(['gas_price'])
    expect(calls.push('It is 7 gwei')).toEqual([{ type: 'text', text: 'It is 7 gwei' }])
    expect(calls.push(', or {7')).toEqual([{ type: 'text', text: ', or {7' }])
    const json = createTextToolCalls(['gas_price'])
    expect(json.push('{"na')).toEqual([])
    expect(json.push('mes":')).toEqual([{ type: 'text', text: '{"names":' }])
  })
})

function run(pieces: readonly string[]) {
  const filter = createTextToolCalls(['native_balance', 'gas_price'])
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
