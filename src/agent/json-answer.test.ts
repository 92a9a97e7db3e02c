import { describe, expect, test } from 'vitest'
import { readJsonAnswer } from './json-answer.ts'

const SCHEMA = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }

describe('an answer that is to be JSON', () => {
  test.each([
    ['{"n":1}', '{"n":1}'],
    ['  {"n":1}\n', '{"n":1}'],
    ['```json\n{"n":1}\n```', '{"n":1}'],
    ['Here it is: {"n":1}. Anything else?', '{"n":1}'],
  ])('%j is read', (text, json) => {
    expect(readJsonAnswer(text, { schema: SCHEMA })).toEqual({ json })
  })

  test.each([
    ['no', /not JSON/],
    ['', /not JSON/],
    ['{"n":1', /not JSON/],
    ['{"n":"1"}', /^n: /],
    ['{}', /"n"/],
  ])('%j has a fault that a model can act on', (text, fault) => {
    expect(readJsonAnswer(text, { schema: SCHEMA })).toEqual({ fault: expect.stringMatching(fault) })
  })

  test('that was cut is none, whatever can be found in it', () => {
    expect(readJsonAnswer('[{"a":1},{"a":', {})).toHaveProperty('fault')
    expect(readJsonAnswer('Here: {"a":1} and', { wasCut: true })).toHaveProperty('fault')
    expect(readJsonAnswer('{"a":1}', { wasCut: true })).toEqual({ json: '{"a":1}' })
  })

  test('is not found in words that only speak of braces', () => {
    expect(readJsonAnswer('I cannot: the template {} has no fields.', {})).toHaveProperty('fault')
    expect(readJsonAnswer('[1] {"a":1}', {})).toHaveProperty('fault')
  })

  test('of blanks or brackets without end is judged at once', () => {
    expect(readJsonAnswer(`\`\`\`json${'\n'.repeat(100_000)}`, {})).toHaveProperty('fault')
    expect(readJsonAnswer('{ '.repeat(100_000), {})).toHaveProperty('fault')
  })

  test('without a schema is any object', () => {
    expect(readJsonAnswer('{"any":[1]}', {})).toEqual({ json: '{"any":[1]}' })
    expect(readJsonAnswer('[1]', {})).toEqual({ fault: 'It is not a JSON object.' })
    expect(readJsonAnswer('null', {})).toEqual({ fault: 'It is not a JSON object.' })
  })

  test('may be a list or a number where the schema says so', () => {
    expect(readJsonAnswer('[1]', { schema: { type: 'array' } })).toEqual({ json: '[1]' })
  })
})
