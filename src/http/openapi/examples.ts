/** One question and its answers, for the pages that show the API. A spec holds each against its schema. */
const QUESTION = 'How much ether does vitalik.eth hold on base?'
const ANSWER = 'vitalik.eth holds 0.8412 ETH on Base, as of block 22,101,544.'

const DOOR_TOOL = {
  type: 'object',
  properties: { open: { type: 'boolean' } },
  required: ['open'],
  additionalProperties: false,
}

export const CHAT_REQUESTS = {
  question: { model: 'operator', messages: [{ role: 'user', content: QUESTION }] },
  stream: {
    model: 'operator',
    messages: [{ role: 'user', content: QUESTION }],
    stream: true,
    stream_options: { include_usage: true },
  },
  own_tool: {
    model: 'operator',
    messages: [{ role: 'user', content: 'Open the door if vitalik.eth holds more than 1 ETH.' }],
    tools: [
      { type: 'function', function: { name: 'set_door', description: 'Opens the door.', parameters: DOOR_TOOL } },
    ],
  },
  json: {
    model: 'operator',
    messages: [{ role: 'user', content: QUESTION }],
    response_format: {
      type: 'json_schema',
      json_schema: {
        name: 'balance',
        schema: { type: 'object', properties: { ether: { type: 'string' } }, required: ['ether'] },
      },
    },
  },
}

const HEAD = { id: 'chatcmpl-4f1d2c3b4a5968778695a4b3', created: 1_767_225_600, model: 'operator' }
const USAGE = { prompt_tokens: 1_931, completion_tokens: 63, total_tokens: 1_994 }

const toChatReply = (message: object, finishReason: string) => ({
  id: HEAD.id,
  object: 'chat.completion',
  created: HEAD.created,
  model: HEAD.model,
  choices: [
    {
      index: 0,
      message: { role: 'assistant', refusal: null, ...message },
      logprobs: null,
      finish_reason: finishReason,
    },
  ],
  usage: USAGE,
})

export const CHAT_REPLIES = {
  answer: toChatReply({ content: ANSWER }, 'stop'),
  own_tool: toChatReply(
    {
      content: null,
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'set_door', arguments: '{"open":false}' } }],
    },
    'tool_calls',
  ),
}

const toChunk = (delta: object, finishReason: string | null) => ({
  id: HEAD.id,
  object: 'chat.completion.chunk',
  created: HEAD.created,
  model: HEAD.model,
  choices: [{ index: 0, delta, finish_reason: finishReason }],
})

export const CHUNKS = {
  opening: toChunk({ role: 'assistant', content: '' }, null),
  text: toChunk({ content: ANSWER }, null),
  finish: toChunk({}, 'stop'),
}

export const RESPONSE_REQUESTS = {
  question: { model: 'operator', input: QUESTION },
  background: { model: 'operator', input: QUESTION, background: true },
}

export const RESPONSE_REPLY = {
  id: 'resp_4f1d2c3b4a5968778695a4b3',
  object: 'response',
  created_at: HEAD.created,
  completed_at: HEAD.created + 2,
  status: 'completed',
  background: false,
  error: null,
  incomplete_details: null,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  model: HEAD.model,
  output: [
    {
      type: 'message',
      id: 'msg_4f1d2c3b4a5968778695a4b3o0',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: ANSWER, annotations: [], logprobs: [] }],
    },
  ],
  parallel_tool_calls: true,
  previous_response_id: null,
  prompt_cache_key: null,
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  service_tier: 'default',
  store: true,
  temperature: null,
  text: { format: { type: 'text' }, verbosity: 'medium' },
  tool_choice: 'auto',
  tools: [],
  top_logprobs: 0,
  top_p: null,
  truncation: 'disabled',
  usage: {
    input_tokens: USAGE.prompt_tokens,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: USAGE.completion_tokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: USAGE.total_tokens,
  },
  metadata: {},
}

export const MODEL = {
  id: 'operator',
  object: 'model',
  created: HEAD.created,
  owned_by: 'groundwire',
  context_length: 16_384,
}

export const READY = {
  status: 'not_ready',
  models: [{ id: 'operator', backend: 'ollama:qwen3:8b', status: 'down', detail: 'run `ollama pull qwen3:8b`' }],
  chains: [{ id: 'ethereum', status: 'ok' }],
  runs: [
    { id: 'store', status: 'ok' },
    { id: 'queue', status: 'ok' },
  ],
}
