import { AIMessage, AIMessageChunk } from '@langchain/core/messages'
import { describe, expect, test } from 'vitest'
import { readChatChunk } from './read-chat-chunk.ts'

describe('a chunk', () => {
  test('of content parts has their text and thoughts', () => {
    const content = [
      { type: 'thinking', thinking: 'hm' },
      { type: 'text', text: 'It is ' },
      { type: 'input_json_delta', input: '{' },
      { type: 'text', text: '7' },
    ]
    expect(readChatChunk(new AIMessageChunk({ content }))).toMatchObject({ text: 'It is 7', reasoning: 'hm' })
  })

  test('that is a whole message brings whole calls, the broken ones too', () => {
    const message = new AIMessage({
      content: '',
      tool_calls: [{ id: 'call_1', name: 'x', args: { a: 1 }, type: 'tool_call' }],
      invalid_tool_calls: [{ id: 'call_2', name: 'y', args: '{a', type: 'invalid_tool_call' }],
    })
    expect(readChatChunk(message).fragments).toEqual([
      { index: 0, id: 'call_1', name: 'x', args: '{"a":1}' },
      { index: 1, id: 'call_2', name: 'y', args: '{a' },
    ])
  })

  test.each([
    [{ done_reason: 'stop' }, 'stop'],
    [{ done_reason: 'length' }, 'length'],
    [{ finish_reason: 'tool_calls' }, 'stop'],
    [{ finish_reason: 'content_filter' }, 'content_filter'],
    [{ stop_reason: 'max_tokens' }, 'length'],
    [{ stop_reason: 'refusal' }, 'content_filter'],
    [{ stop_reason: 'model_context_window_exceeded' }, 'length'],
    [{ finishReason: 'MAX_TOKENS' }, 'length'],
    [{ finish_reason: 'model_length' }, 'length'],
    [{ finish_reason: 'max_output_tokens' }, 'length'],
    [{ messageStop: { stopReason: 'max_tokens' } }, 'length'],
    [{ finishReason: 'SAFETY' }, 'content_filter'],
    [{ messageStop: { stopReason: 'end_turn' } }, 'stop'],
    [{ done_reason: 'load' }, undefined],
    [{ finish_reason: null }, undefined],
    [{}, undefined],
  ])('with %o ended with %s', (response_metadata, finish) => {
    expect(readChatChunk({ content: '', response_metadata }).finish).toBe(finish)
  })

  test('counts tokens in whole numbers from 0, whatever it is given', () => {
    const usage = (usage_metadata: unknown) => readChatChunk({ content: '', usage_metadata }).usage
    expect(usage({ input_tokens: Number.NaN, output_tokens: null })).toEqual({ promptTokens: 0, completionTokens: 0 })
    expect(
      usage({
        input_tokens: 9,
        output_tokens: 4,
        input_token_details: { cache_read: 5 },
        output_token_details: { reasoning: 2 },
      }),
    ).toEqual({ promptTokens: 9, completionTokens: 4, cachedTokens: 5, reasoningTokens: 2 })
    expect(usage(undefined)).toBeUndefined()
  })
})
