import { type OfferedTools, parseTextToolCalls, type TextToolCall } from './parse-text-tool-calls.ts'

export type TextOrCall = { type: 'text'; text: string } | { type: 'call'; call: TextToolCall }

export type TextToolCalls = {
  push(text: string): TextOrCall[]
  /** What was held back, once the answer is complete. */
  end(): TextOrCall[]
}

/**
 * Finds tool calls that a model wrote into its answer instead of calling: `<tool_call>{…}</tool_call>`, a fenced `json` block,
 * `<|python_tag|>{…}`, `[TOOL_CALLS][…]` or `[TOOL_CALLS]name[ARGS]{…}`, `<function=name>…</function>` with or without
 * `<tool_call>` around it, `<function_calls>…</function_calls>`, or a message that is nothing but the JSON of a call. Without a
 * mark of its own only a call to one of `offered` counts; everything else leaves as it came. Text waits only from a character
 * that can begin such a call until it is clear.
 */
export function createTextToolCalls(offered: OfferedTools): TextToolCalls {
  let held = ''
  let blankSoFar = true

  const take = (isEnd: boolean): TextOrCall[] => {
    const out: TextOrCall[] = []
    const release = (length: number) => {
      const text = held.slice(0, length)
      held = held.slice(length)
      if (text === '') return
      if (text.trim() !== '') blankSoFar = false
      out.push({ type: 'text', text })
    }
    while (held !== '') {
      const at = findCandidate(held, blankSoFar)
      release(at)
      if (held === '') break
      const verdict = judge(held, { isFirst: blankSoFar, isEnd })
      if (verdict === 'wait' && held.length <= MAX_CALL_CHARS) break
      if (verdict === 'wait' || verdict === 'text') {
        blankSoFar = false
        release(1)
        continue
      }
      const calls = parseTextToolCalls(verdict.content, offered, verdict)
      if (calls === undefined) {
        blankSoFar = false
        release(verdict.length)
        continue
      }
      held = held.slice(verdict.length)
      for (const call of calls) out.push({ type: 'call', call })
    }
    return joinTexts(out)
  }

  return {
    push(text) {
      held += text
      return take(false)
    },
    end: () => take(true),
  }
}

/** No call is that long: what holds text back for longer would cost more with every token. */
const MAX_CALL_CHARS = 32_768

/** A complete block: `content` is what it holds, `marked` that its marker already says it is a call. */
type Block = { length: number; content: string; marked: boolean }
type Verdict = 'wait' | 'text' | Block

/** First character that could begin a call; the end of `text` where there is none. */
function findCandidate(text: string, isFirst: boolean): number {
  const found = text.search(/[<[`{]/)
  if (found < 0) return text.length
  const char = text.charAt(found)
  if (char !== '{' || (isFirst && text.slice(0, found).trim() === '')) return found
  const next = text.slice(found + 1).search(/[<[`]/)
  return next < 0 ? text.length : found + 1 + next
}

function judge(text: string, { isFirst, isEnd }: { isFirst: boolean; isEnd: boolean }): Verdict {
  switch (text.charAt(0)) {
    case '<':
      return text.startsWith('<|') ? judgeRest(text, '<|python_tag|>', isEnd) : judgeTagged(text, isEnd)
    case '[': {
      const verdict = judgeRest(text, '[TOOL_CALLS]', isEnd)
      return verdict === 'text' && isFirst ? judgeBare(text, isEnd) : verdict
    }
    case '`':
      return judgeFence(text, isEnd)
    default:
      return judgeBare(text, isEnd)
  }
}

type Marks = { open: string; close: string; marked: boolean; areContent?: boolean }

const TAGS: readonly Marks[] = [
  { open: '<tool_call>', close: '</tool_call>', marked: true },
  { open: '<function_calls>', close: '</function_calls>', marked: true },
  { open: '<function=', close: '</function>', marked: false, areContent: true },
]

function judgeTagged(text: string, isEnd: boolean): Verdict {
  const verdicts = TAGS.map((marks) => judgeEnclosed(text, marks, isEnd))
  return verdicts.find((verdict) => verdict !== 'text') ?? 'text'
}

function judgeEnclosed(text: string, { open, close, marked, areContent = false }: Marks, isEnd: boolean): Verdict {
  if (!text.startsWith(open)) return !isEnd && open.startsWith(text) ? 'wait' : 'text'
  const at = text.indexOf(close, open.length)
  const from = areContent ? 0 : open.length
  if (at >= 0) return { length: at + close.length, content: text.slice(from, at), marked }
  // Models often stop before the closing mark.
  return isEnd ? { length: text.length, content: text.slice(from), marked } : 'wait'
}

/** All that follows `marker` is calls. */
function judgeRest(text: string, marker: string, isEnd: boolean): Verdict {
  if (!text.startsWith(marker)) return !isEnd && marker.startsWith(text) ? 'wait' : 'text'
  if (!isEnd) return 'wait'
  const content = text.slice(marker.length).replace(/<\|e(?:om|ot)_id\|>\s*$/, '')
  return { length: text.length, content, marked: true }
}

function judgeFence(text: string, isEnd: boolean): Verdict {
  const head = FENCE_HEAD.exec(text)?.[0]
  if (head === undefined) return !isEnd && FENCE_BEGINNING.test(text) ? 'wait' : 'text'
  if (!couldBeCall(text.slice(head.length))) return 'text'
  return judgeEnclosed(text, { open: head, close: '```', marked: false }, isEnd)
}

const FENCE_HEAD = /^```(?:json|tool_call|tool_code)?\s*(?=[{[])/
const FENCE_BEGINNING =
  /^`{1,3}$|^```(?:j|js|jso|json|t|to|too|tool|tool_|tool_c|tool_ca|tool_cal|tool_call|tool_co|tool_cod|tool_code)?\s*$/

/** A message that is nothing but JSON. */
function judgeBare(text: string, isEnd: boolean): Verdict {
  if (!couldBeCall(text)) return 'text'
  return isEnd ? { length: text.length, content: text, marked: false } : 'wait'
}

/** Whether the first key, as far as it is known, is one that calls begin with. */
function couldBeCall(json: string): boolean {
  const [, key, closed] = /^\[?\s*(?:\{\s*(?:"([^"]*)("?)|$)|$)/.exec(json) ?? [undefined, undefined, undefined]
  if (key === undefined) return /^\[?\s*(?:\{\s*)?$/.test(json)
  return closed === '"' ? CALL_KEYS.includes(key) : CALL_KEYS.some((known) => known.startsWith(key))
}

const CALL_KEYS = ['name', 'arguments', 'parameters', 'function', 'type', 'id']

function joinTexts(parts: readonly TextOrCall[]): TextOrCall[] {
  const joined: TextOrCall[] = []
  for (const part of parts) {
    const last = joined.at(-1)
    if (part.type === 'text' && last?.type === 'text')
      joined[joined.length - 1] = { type: 'text', text: last.text + part.text }
    else joined.push(part)
  }
  return joined
}
