import type { Message } from '../../messages.ts'
import type { Vocabularies } from './fields.ts'
import { toNorm, toRank } from './words.ts'

/**
 * The answer to what a chat app asks for itself: a title, tags, follow-up questions, a search query, … in the form it asks
 * for, made of the chat alone. Undefined where the last message is no such thing. The forms are those of the prompts that
 * Open WebUI, LibreChat and their like ship.
 */
export function answerHiddenCall(messages: readonly Message[], vocabularies: Vocabularies): string | undefined {
  const asked = messages.findLast(({ role }) => role === 'user')?.text ?? ''
  const told = messages.find(({ role }) => role === 'system')?.text ?? ''
  const prompt = headOf(asked)
  const system = headOf(told)
  if (system.startsWith('Available Tools:')) return JSON.stringify({ tool_calls: [] })
  if (MOOD.test(prompt)) return '🙂'
  if (TITLE_SYSTEM.test(system)) return toTitle(questionIn(asked) ?? firstLine(asked))
  const key = prompt.startsWith('### Task:') ? KEY.exec(prompt)?.[1] : undefined
  if (key === undefined && !TITLE_ASK.test(prompt)) return undefined

  const question = questionIn(asked) ?? firstQuestion(messages)
  switch (key) {
    case 'tags':
      return JSON.stringify({ tags: toTags(question, vocabularies) })
    case 'follow_ups':
    case 'queries':
      return JSON.stringify({ [key]: [] })
    case 'text':
      return JSON.stringify({ text: '' })
    case 'prompt':
      return JSON.stringify({ prompt: question })
    default: {
      const title = `${EMOJI.test(prompt) && !NO_EMOJI.test(prompt) ? '⛓️ ' : ''}${toTitle(question)}`
      return key === 'title' ? JSON.stringify({ title }) : title
    }
  }
}

/** What is asked, without the chat or the documents it is asked of. */
const headOf = (text: string) =>
  (text.slice(0, 4_000).split(/<chat_history>|<context>|\n\s*Conversation:\s/, 1)[0] ?? '').trim()

/** The first key of the JSON that is asked for. */
const KEY = /"(title|tags|follow_ups|queries|prompt|text)"\s*:/
const TITLE_ASK =
  /^(?:### Task:\s+)?(?:please )?(?:provide|generate|create|analyze|summarize|given|based on)\b[\s\S]{0,200}\b(?:title|a name)\b/i
const TITLE_SYSTEM = /\btitle generator\b|\bsummari[sz]\w*\b[\s\S]{0,120}\btitles?\b/i
const MOOD = /^Your task is to reflect the speaker's likely facial expression/
const EMOJI = /\bemojis?\b/i
const NO_EMOJI = /\b(?:without|no|not use)(?: any)? emojis?\b/i

/** The first thing a user says in a chat that a prompt quotes as `USER: …` or `User: …`. */
function questionIn(prompt: string): string | undefined {
  const quoted = /<chat_history>|\bConversation:\s/.exec(prompt)
  if (quoted === null) return undefined
  const said = /^(?:USER|User|Human):([\s\S]*)/m.exec(prompt.slice(quoted.index, quoted.index + 20_000))?.[1]
  return said === undefined ? '' : firstLine(said.replace(/<\/chat_history>[\s\S]*/, ''))
}

/** Of the chat itself, where the prompt is its last message. */
function firstQuestion(messages: readonly Message[]): string {
  const questions = messages.filter(({ role }) => role === 'user').slice(0, -1)
  return firstLine(questions[0]?.text ?? '')
}

const firstLine = (text: string) => /\S.*/.exec(text.slice(0, 4_000))?.[0] ?? ''

const MAX_TITLE_WORDS = 5
const MAX_WORD = 20

function toTitle(question: string): string {
  const words = toWords(question)
  const telling = words.filter((word) => toRank(toNorm(word)) === 'content')
  const chosen = (telling.length > 0 ? telling : words).slice(0, MAX_TITLE_WORDS)
  return chosen.map(toTitleWord).join(' ') || 'New Chat'
}

/** Names and addresses keep their letters. */
function toTitleWord(word: string): string {
  if (word.length > MAX_WORD) return `${word.slice(0, 6)}…${word.slice(-4)}`.toWellFormed()
  return /^\p{Ll}[\p{Ll}'’-]*$/u.test(word) ? word.charAt(0).toUpperCase() + word.slice(1) : word
}

const MAX_TAGS = 3

/** What the vocabularies know of the question. */
function toTags(question: string, vocabularies: Vocabularies): string[] {
  const known = toWords(question).flatMap((word) => {
    const values = Object.values(vocabularies).flatMap((vocabulary) => vocabulary.get(word.toLowerCase()) ?? [])
    return /^\p{L}+$/u.test(word) ? values.map(toTitleWord) : []
  })
  return known.length === 0 ? ['General'] : [...new Set(known)].slice(0, MAX_TAGS)
}

function toWords(text: string): string[] {
  return text
    .split(/\s+/)
    .map((word) => word.replace(EDGES, ''))
    .filter((word) => word !== '')
}

const EDGES = /^[^\p{L}\p{N}\p{Extended_Pictographic}]+|[^\p{L}\p{N}]+$/gu
