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

  test('without a schema is any object', () => {
    expect(readJsonAnswer('{"any":[1]}', {})).toEqual({ json: '{"any":[1]}' })
    expect(readJsonAnswer('[1]', {})).toEqual({ fault: 'It is not a JSON object.' })
    expect(readJsonAnswer('null', {})).toEqual({ fault: 'It is not a JSON object.' })
  })

  test('may be a list or a number where the schema says so', () => {
    expect(readJsonAnswer('[1]', { schema: { type: 'array' } })).toEqual({ json: '[1]' })
  })
})
