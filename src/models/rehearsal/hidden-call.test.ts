import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Message } from '../../messages.ts'
import { answerHiddenCall } from './hidden-call.ts'

const QUESTION = 'how many transactions has vitalik.eth sent on ethereum?'
const CHAT = `### Chat History:
<chat_history>
USER: ${QUESTION}
and what is its balance?
ASSISTANT: It has sent 1,648 transactions.
</chat_history>`

describe("Open WebUI's prompts", () => {
  test.each<[what: string, prompt: string, answer: unknown]>([
    [
      'a title with an emoji',
      `### Task:
Generate a concise, 3-5 word title with an emoji summarizing the chat history.
### Output:
JSON format: { "title": "your concise title here" }
### Examples:
- { "title": "📉 Stock Market Trends" },
${CHAT}`,
      { title: '⛓️ Transactions vitalik.eth Sent Ethereum' },
    ],
    [
      'a title without one',
      `### Task:
Generate a concise title summarizing the chat history.
### Guidelines:
- Do not use emojis, quotation marks, or special formatting.
### Output:
JSON format: { "title": "your concise title here" }
${CHAT}`,
      { title: 'Transactions vitalik.eth Sent Ethereum' },
    ],
    [
      'tags',
      `### Task:
Generate 1-3 broad tags categorizing the main themes of the chat history.
### Guidelines:
- If content is too short, use only ["General"]
### Output:
JSON format: { "tags": ["tag1", "tag2", "tag3"] }
${CHAT}`,
      { tags: ['Ethereum'] },
    ],
    [
      'follow-ups',
      `### Task:
Suggest 3-5 relevant follow-up questions or prompts.
### Output:
JSON format: { "follow_ups": ["Question 1?", "Question 2?"] }
${CHAT}`,
      { follow_ups: [] },
    ],
    [
      'a search query',
      `### Task:
Analyze the chat history to determine the necessity of generating search queries.
### Output:
Strictly return in JSON format:
{
  "queries": ["query1", "query2"]
}

${CHAT}`,
      { queries: [] },
    ],
    [
      'the prompt of an image',
      `### Task:
Generate a detailed prompt for an image generation task.
### Output:
Strictly return in JSON format:
{
    "prompt": "Your detailed description here."
}
${CHAT}`,
      { prompt: QUESTION },
    ],
    [
      'the rest of a sentence',
      `### Task:
You are an autocompletion system. Continue the text in \`<text>\`.
5. If unsure, return: \`{ "text": "" }\`.
### Context:
<chat_history>
USER: hi
</chat_history>
<text>What is the</text>`,
      { text: '' },
    ],
  ])('%s is the JSON it asks for', (_what, prompt, answer) => {
    expect(JSON.parse(answerOf(prompt) ?? '')).toEqual(answer)
  })

  test('a title in plain words is the title alone', () => {
    const prompt = `### Task:\nGenerate a concise title.\n### Output:\nReturn ONLY the title text.\n${CHAT}`
    expect(answerOf(prompt)).toBe('Transactions vitalik.eth Sent Ethereum')
  })

  test('a mood is one emoji', () => {
    const prompt =
      "Your task is to reflect the speaker's likely facial expression through a fitting emoji.\n\nMessage: ```hi```"
    expect(answerOf(prompt)).toMatch(/^\p{Emoji_Presentation}$/u)
  })

  test('no tool is chosen for it to call', () => {
    const messages: Message[] = [
      { role: 'system', text: 'Available Tools: []\n\nYour task is to choose and return the correct tool(s)' },
      { role: 'user', text: `Query: History:\nUSER: """hi"""\nQuery: ${QUESTION}` },
    ]
    expect(answerHiddenCall(messages, {})).toBe('{"tool_calls":[]}')
  })

  test('the one that wraps a question in documents is no hidden call', () => {
    const prompt = `### Task:\nRespond to the user query using the provided context.\n<context>"title": x</context>\n${QUESTION}`
    expect(answerOf(prompt)).toBeUndefined()
  })
})

describe('a title', () => {
  test('for LibreChat is of the conversation it quotes', () => {
    const prompt = `Provide a concise, 5-word-or-less title for the conversation, using title case conventions. Only return the title itself.

Conversation:
User: ${QUESTION}
AI: It has sent 1,648 transactions.`
    expect(answerOf(prompt)).toBe('Transactions vitalik.eth Sent Ethereum')
  })

  test('is of the chat itself where its prompt is the last message', () => {
    const messages: Message[] = [
      { role: 'user', text: 'what is the balance of 0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045?' },
      { role: 'assistant', text: '5 ETH', toolCalls: [] },
      { role: 'user', text: 'Please generate a four to five word title summarizing our conversation.' },
    ]
    expect(answerHiddenCall(messages, {})).toBe('Balance 0xd8dA…6045')
  })

  test('is of the only message where the system message asks for it', () => {
    const messages: Message[] = [
      { role: 'system', text: 'You are a title generator. You output ONLY a thread title.' },
      { role: 'user', text: QUESTION },
    ]
    expect(answerHiddenCall(messages, {})).toBe('Transactions vitalik.eth Sent Ethereum')
  })

  test.each<[said: string, title: string]>([
    ['hi there', 'Hi There'],
    ['', 'New Chat'],
    ['?!', 'New Chat'],
    ['“Gas” on base, please!', 'Gas Base'],
    ['compare the prices of bitcoin, ethereum, solana, dogecoin and link', 'Prices Bitcoin Ethereum Solana Dogecoin'],
  ])('of %j is %j', (said, title) => {
    expect(answerOf(`### Task:\nGenerate a title.\n<chat_history>\nUSER: ${said}\n</chat_history>`)).toBe(title)
  })
})

test('tags are general where nothing known is spoken of', () => {
  const prompt = `### Task:\nJSON format: { "tags": ["tag1"] }\n<chat_history>\nUSER: tell me a joke\n</chat_history>`
  expect(answerOf(prompt)).toBe('{"tags":["General"]}')
})

test.each(['what is the title of this?', 'hello', 'Generate a random number', '', QUESTION])(
  '%j is no hidden call',
  (ask) => {
    expect(answerOf(ask)).toBeUndefined()
  },
)

test('whatever a chat holds, what was asked for as JSON is JSON', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('title', 'tags', 'prompt', 'queries'), (said, key) => {
      const prompt = `### Task:\nJSON format: { "${key}": … }\n<chat_history>\nUSER: ${said}\n</chat_history>`
      expect(JSON.parse(answerOf(prompt) ?? '')).toHaveProperty(key)
    }),
  )
})

function answerOf(prompt: string): string | undefined {
  const chain = new Map([
    ['ethereum', 'ethereum'],
    ['1', 'ethereum'],
  ])
  return answerHiddenCall([{ role: 'user', text: prompt }], { chain })
}
