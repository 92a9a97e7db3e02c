import { expect, test } from 'vitest'
import { says, startHttp } from '../support/http-gateway.ts'

const user = (content: string) => ({ role: 'user', content })
const system = (content: string) => ({ role: 'system', content })
const CHAT = [user('what is the balance of vitalik.eth?'), { role: 'assistant', content: '4.2 ETH' }]
const HISTORY = '<chat_history>\nUSER: what is the balance of vitalik.eth?\nASSISTANT: 4.2 ETH\n</chat_history>'
const task = (ask: string, output: string, data = `### Chat History:\n${HISTORY}`) =>
  `### Task:\n${ask}\n### Guidelines:\n- Keep it clear and simple.\n### Output:\nJSON format: ${output}\n${data}`

const HIDDEN: [app: string, what: string, messages: readonly object[]][] = [
  ['Open WebUI', 'a title', [user(task('Generate a concise title summarizing the chat history.', '{ "title": "…" }'))]],
  ['Open WebUI', 'tags', [user(task('Generate 1-3 broad tags categorizing the main themes.', '{ "tags": ["tag1"] }'))]],
  [
    'Open WebUI',
    'follow-ups',
    [user(task('Predict 3-5 useful messages this user might naturally send next.', '{ "follow_ups": ["…?"] }'))],
  ],
  ['Open WebUI', 'search queries', [user(task('Analyze the chat history to determine …', '{ "queries": ["…"] }'))]],
  ['Open WebUI', 'an image prompt', [user(task('Generate a detailed prompt for am image …', '{ "prompt": "…" }'))]],
  [
    'Open WebUI',
    'a completion of what is being typed',
    [
      user(
        task('You are an autocompletion system.', '{ "text": "" }', `### Context:\n${HISTORY}\n<text>gas on</text>`),
      ),
    ],
  ],
  [
    'Open WebUI',
    'a better image prompt',
    [user(task('Enhance the given image generation prompt by adding …', '{ "prompt": "…" }', '### Prompt:\na cat'))],
  ],
  [
    'Open WebUI',
    'a title in a template of its operator',
    [system('Be brief.'), user(task('Generiere einen kurzen Titel für den Chat.', '{ "title": "…" }'))],
  ],
  [
    'Open WebUI',
    'an emoji',
    [
      user(
        "Your task is to reflect the speaker's likely facial expression through a fitting emoji. …\n\nMessage: ```hi```",
      ),
    ],
  ],
  [
    'Open WebUI',
    'one answer of several',
    [user('You have been provided with a set of responses from various models to the latest user query: "gas?"\n\n…')],
  ],
  [
    'Open WebUI',
    'which of its tools to call',
    [
      system(
        'Available Tools: [{"name": "weather"}]\n\nYour task is to choose and return the correct tool(s) from the list of available tools based on the query. …',
      ),
      user('Query: History:\nUSER: """gas?"""\nQuery: gas?'),
    ],
  ],
  [
    'LibreChat',
    'a title',
    [
      user(
        'Provide a concise, 5-word-or-less title for the conversation, using title case conventions. Only return the title itself.\n\nConversation:\nUser: gas?\nAI: 7 gwei',
      ),
    ],
  ],
  [
    'LibreChat',
    'a title with its language',
    [
      user(
        'Analyze this conversation and provide:\n1. The detected language of the conversation\n2. A concise title in the detected language (5 words or less, no punctuation or quotation)\n\nUser: gas?\nAI: 7 gwei',
      ),
    ],
  ],
  [
    'LobeChat',
    'a title',
    [
      system(
        'You are a professional conversation summarizer. Generate a concise title that captures the essence of the conversation.\n\nRules:\n…',
      ),
      user('user: gas?\nassistant: 7 gwei'),
    ],
  ],
  [
    'Cherry Studio',
    'a title',
    [
      system(
        "You are an assistant skilled in conversation. You need to summarize the user's conversation into a title within 10 words. …",
      ),
      user('[{"role":"user","mainText":"gas?"}]'),
    ],
  ],
  [
    'NextChat',
    'a title',
    [...CHAT, user('Please generate a four to five word title summarizing our conversation without any lead-in, …')],
  ],
  [
    'Zed',
    'a title',
    [...CHAT, user('Generate a concise 3-7 word title for this conversation, omitting punctuation. …')],
  ],
  ['Chatbox', 'a title', [user('Based on the chat history, give this conversation a name.\nKeep it short …')]],
  ['Jan', 'a title', [user('Summarize in a 10-word Title. Give the title only. Here is the message: "gas?"')]],
  [
    'Continue',
    'a title',
    [user('Given the following... please reply with a title for the chat that is 3-4 words in length, …\n\n7 gwei')],
  ],
  [
    'Codex',
    'its history, made shorter',
    [...CHAT, user('You are performing a CONTEXT CHECKPOINT COMPACTION. Create a handoff summary for another LLM …')],
  ],
  [
    'opencode',
    'its history, made shorter',
    [user('Here is the conversation so far:\n\n<conversation>\n[user] balance?\n</conversation>\n\nSummarize it.')],
  ],
  [
    'pi',
    'its history, made shorter',
    [
      system('You are a context summarization assistant. Your task is to read a conversation between a user and …'),
      user('<conversation>…</conversation>'),
    ],
  ],
  [
    'opencode',
    'a title',
    [
      { role: 'developer', content: 'You are a title generator. You output ONLY a thread title. Nothing else.\n…' },
      user('Generate a title for this conversation:\n'),
      user('what is the balance of vitalik.eth?'),
    ],
  ],
]

test.each(HIDDEN)('§5 the hidden call of %s for %s is answered without server tools', async (_app, _what, messages) => {
  const gateway = await startHttp(says('A Title'), { serverToolNames: ['ens'] })
  const response = await gateway.ask({ messages, max_tokens: 50 })
  expect((await response.json()).choices[0]?.message.content).toBe('A Title')
  expect(gateway.orders).toMatchObject([{ serverTools: false, params: { maxTokens: 50 } }])
  await expect.poll(() => gateway.log).toHaveLength(1)
  expect(gateway.log[0]).toMatchObject({ hidden: true })
})

const REAL: [what: string, messages: readonly object[]][] = [
  ['about a title', [user('Generate a title for this conversation: what is the balance of vitalik.eth?')]],
  ['that speaks of titles and emoji', [user('Give me a concise title with an emoji for my NFT, and its floor price.')]],
  [
    'in the words of a task, as people write prompts',
    [user('### Task:\nCompare gas on base and ethereum.\n### Output:\nJSON format: { "base": "…", "ethereum": "…" }')],
  ],
  [
    'with documents, as Open WebUI asks it',
    [
      user(
        '### Task:\nRespond to the user query using the provided context, incorporating inline citations in the format [id] …\n\n<context>\n<source id="1">The JSON-RPC of ethereum …</source>\n</context>\n\nwhat is the balance of vitalik.eth?',
      ),
    ],
  ],
  [
    'with documents on chat histories',
    [
      user(
        `### Task:\nRespond to the user query using the provided context, incorporating …\n### Guidelines:\n- …\n<context>\n<source id="1">As JSON: ${HISTORY}</source>\n</context>\n\nwhat is the balance of vitalik.eth?`,
      ),
    ],
  ],
  [
    'on a chat history, in the words of a task',
    [user(`### Task:\nHere is a log, ${HISTORY}. Check the balances in it, and answer as JSON.`)],
  ],
  [
    'that quotes a hidden call in its middle',
    [user(`Why did my app send this? "${task('Generate a concise title.', '{ "title": "…" }')}"`)],
  ],
  [
    'after a hidden call',
    [
      user(task('Generate a concise title summarizing the chat history.', '{ "title": "…" }')),
      { role: 'assistant', content: '{ "title": "Balance" }' },
      user('what is the balance of vitalik.eth?'),
    ],
  ],
  [
    'to an assistant that also writes titles',
    [
      system('You are a helpful assistant. You are a title generator. You output ONLY a thread title.'),
      user('what is the balance of vitalik.eth?'),
    ],
  ],
  [
    'whose tools were called',
    [
      user('Summarize in a 10-word Title. Give the title only. "x"'),
      { role: 'assistant', tool_calls: [{ id: 'a', function: { name: 'f', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'a', content: 'x' },
    ],
  ],
]

test.each(REAL)('§5 a real question %s keeps the server tools', async (_what, messages) => {
  const gateway = await startHttp(says('4.2 ETH'))
  await gateway.ask({ messages })
  expect(gateway.orders).toMatchObject([{ serverTools: true }])
  await expect.poll(() => gateway.log).toHaveLength(1)
  expect(gateway.log[0]).not.toHaveProperty('hidden')
})

test('§5 a hidden call may bring a tool for its answer, and it is offered', async () => {
  const gateway = await startHttp(says('x'), { serverToolNames: ['title'] })
  const ask =
    'Analyze this conversation and provide:\n1. The detected language of the conversation\n2. A concise title in …'
  const tools = [{ type: 'function', function: { name: 'title' } }]
  await gateway.ask({ messages: [user(ask)], tools, tool_choice: 'required' })
  expect(gateway.orders).toMatchObject([
    { serverTools: false, clientTools: [{ name: 'title' }], toolChoice: 'required' },
  ])
})
