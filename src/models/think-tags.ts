export type ThoughtOrText = { type: 'text'; text: string } | { type: 'reasoning'; text: string }

export type ThinkTags = {
  push(text: string): ThoughtOrText[]
  /** What was held back, once the answer is complete. */
  end(): ThoughtOrText[]
}

/**
 * Parts `<think>…</think>` from the answer that follows it, however the text is cut. Tags count only ahead of the answer,
 * so an answer may speak of them; a closing tag that nothing opened is dropped. A thought that never closes is released as
 * text: it may hold the answer.
 * @param options.opened - the model's template opens the thought itself, so the text begins inside it.
 */
export function createThinkTags({ opened = false }: { opened?: boolean } = {}): ThinkTags {
  let state: 'before' | 'thought' | 'answer' = opened ? 'thought' : 'before'
  let held = ''
  let afterThought = false
  let strayMayCome = !opened

  const push = (text: string): ThoughtOrText[] => {
    held += text
    const out: ThoughtOrText[] = []
    for (;;) {
      if (state === 'before') {
        const start = held.trimStart()
        if (start === '' || (start.length < OPEN.length && OPEN.startsWith(start))) return out
        if (start.startsWith(OPEN)) {
          held = start.slice(OPEN.length)
          state = 'thought'
          strayMayCome = false
        } else {
          if (afterThought) held = start
          state = 'answer'
        }
      } else if (state === 'thought') {
        const at = held.indexOf(CLOSE)
        if (at < 0) return out
        pushPart(out, 'reasoning', held.slice(0, at).trim())
        held = held.slice(at + CLOSE.length)
        state = 'before'
        afterThought = true
      } else {
        const at = strayMayCome ? held.indexOf(CLOSE) : -1
        if (at >= 0) {
          pushPart(out, 'text', held.slice(0, at))
          held = held.slice(at + CLOSE.length)
          strayMayCome = false
        } else {
          const kept = strayMayCome ? partialEnd(held, CLOSE) : 0
          pushPart(out, 'text', held.slice(0, held.length - kept))
          held = held.slice(held.length - kept)
          return out
        }
      }
    }
  }

  return {
    push,
    end() {
      const out: ThoughtOrText[] = []
      pushPart(out, 'text', held)
      held = ''
      return out
    },
  }
}

const OPEN = '<think>'
const CLOSE = '</think>'

/** Length of the longest end of `text` that is a proper beginning of `marker`. */
function partialEnd(text: string, marker: string): number {
  for (let length = Math.min(marker.length - 1, text.length); length > 0; length--) {
    if (marker.startsWith(text.slice(-length))) return length
  }
  return 0
}

function pushPart(out: ThoughtOrText[], type: ThoughtOrText['type'], text: string): void {
  if (text !== '') out.push({ type, text })
}
