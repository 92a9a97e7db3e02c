import type { Message } from '../messages.ts'

/**
 * Whether a chat app or agent asks for itself: a title, tags, follow-up questions, a shorter history. What it wants is made of the chat
 * alone, so tools would only cost time, and be one more thing to go wrong.
 *
 * Only prompts that the apps ship are recognised, by whole sentences at their start, so that no question of a person is
 * taken for one.
 */
export function isHiddenCall(messages: readonly Message[]): boolean {
  const [first] = messages
  const last = messages.at(-1)
  if (last?.role !== 'user') return false
  const asked = toStart(last.text)
  return (
    ASKS.some((ask) => ask.test(asked)) ||
    (asked.startsWith('### Task:') && isOpenWebUITask(asked, last.text)) ||
    (first?.role === 'system' && isHiddenSystem(first.text))
  )
}

const toStart = (text: string) => text.slice(0, 1_000).trimStart()

/**
 * Title, tags, follow-ups, queries, image prompts, autocompletion: all quote the chat under headings of their own, and want
 * JSON back. Open WebUI's retrieval prompt is alike, but quotes documents, of anything, and holds a person's question.
 */
function isOpenWebUITask(asked: string, text: string): boolean {
  if (!text.includes('JSON') || RETRIEVAL_TASK.test(asked)) return false
  const quotesChat = text.includes('<chat_history>') && text.includes('</chat_history>')
  return IMAGE_TASK.test(asked) || (quotesChat && /\n#{3,4} /.test(text))
}

const RETRIEVAL_TASK = /^### Task:\s+Respond to the user query\b/

const IMAGE_TASK = /^### Task:\s+(?:Detect the language of|Enhance) the given image generation prompt\b/

function isHiddenSystem(text: string): boolean {
  const start = toStart(text)
  if (SYSTEMS.some((system) => system.test(start))) return true
  return start.startsWith('Available Tools: ') && text.includes(CHOOSE_TOOL)
}

/** Open WebUI, where the tools of its user are not the model's own: asks which of them to call. */
const CHOOSE_TOOL = 'Your task is to choose and return the correct tool(s) from the list of available tools'

const ASKS: readonly RegExp[] = [
  // Open WebUI: the mood of a message, one answer out of several models', and its titles of old.
  /^Your task is to reflect the speaker's likely facial expression through a fitting emoji\./,
  /^You have been provided with a set of responses from various models to the latest user query: /,
  /^Create a concise, 3-5 word title with an emoji as a title for the chat history\b/,
  // LibreChat, of three ages.
  /^Provide a concise,? 5-word-or-less title for the conversation, using title case conventions\./,
  /^Analyze this conversation and provide:\s+1\. The detected language of the conversation\s+2\. A concise title /,
  /^Please generate a concise, 5-word-or-less title for the conversation\b/,
  // Codex and opencode: their history, made shorter.
  /^You are performing a CONTEXT CHECKPOINT COMPACTION\. Create a handoff summary\b/,
  /^Here is the conversation so far:\s+<conversation>/,
  // NextChat, Zed, Chatbox, Jan and Continue.
  /^Please generate a four to five word title summarizing our conversation\b/,
  /^Generate a concise 3-7 word title for this conversation, omitting punctuation\./,
  /^Based on the chat history, give this conversation a name\.\s/,
  /^Summarize in a \d+-word Title\. Give the title only\./,
  /^Given the following\.\.\. please reply with a title for the chat that is 3-4 words in length\b/,
]

const SYSTEMS: readonly RegExp[] = [
  // pi: its history, made shorter.
  /^You are a context summarization assistant\. Your task is to read a conversation\b/,
  // opencode; its last message is the very question a person asked.
  /^You are a title generator\. You output ONLY a thread title\./,
  // LobeChat, Cherry Studio.
  /^You are a professional conversation summarizer\. Generate a concise title that captures the essence\b/,
  /^You are an assistant skilled in conversation\. You need to summarize the user's conversation into a title\b/,
  /^You are an assistant skilled in conversation who needs to summarize user conversations into titles\b/,
]
