import { once } from 'node:events'
import type { Response } from 'express'
import { toJsonText } from './json-text.ts'

/** One response as a stream of events. */
type SseWriter = {
  /** Sends the head and the opening frame, unless they are out. */
  open(): Promise<void>
  /** Waits until a slow reader has room. Rejects once the caller has left. */
  send(data: unknown): Promise<void>
  /** The stream is whole: the last frame is `[DONE]`. */
  done(): void
  /** The last frames, though the signal may have fired: they say why. Waits for nobody. */
  end(frames: readonly unknown[]): void
  /** Ends the heartbeat. Nothing is sent on its own after that. */
  stop(): void
}

type SseOptions = {
  /** First frame, sent with the head. */
  opening?: unknown
  /** How a frame is written: as a bare `data:` line unless said otherwise. */
  toFrame?: (data: unknown) => string
  /** A silence this long opens the stream, and is broken from then on. */
  heartbeatMs: number
  /** What breaks it; a comment where there is none, or it has nothing to say. */
  lifeSign?: (() => unknown) | undefined
  /** A silence this long opens the stream; as long as the others where unset. */
  openAfterMs?: number | undefined
  signal: AbortSignal
}

/**
 * The head waits for the first frame, so that what fails before it still has a status of its own. No `retry:`, and names and
 * `id:` lines of events only where an API is made of them: SDKs parse every line they are sent.
 */
export function createSseWriter(
  res: Response,
  { opening, toFrame = toSseFrame, heartbeatMs, lifeSign, openAfterMs, signal }: SseOptions,
): SseWriter {
  const heartbeat = setInterval(beat, heartbeatMs)
  const opener = openAfterMs === undefined ? undefined : setTimeout(beat, openAfterMs)
  res.once('close', stop)

  /** False where the reader is full. */
  function start(): boolean {
    res.writeHead(200, HEAD)
    return opening === undefined || res.write(toFrame(opening))
  }

  function beat(): void {
    if (signal.aborted || res.destroyed || res.writableNeedDrain) return
    const isOpen = res.headersSent
    if (!isOpen) start()
    if (!isOpen && opening !== undefined) return
    const sign = lifeSign?.()
    res.write(sign === undefined ? PING : toFrame(sign))
  }

  async function open(): Promise<void> {
    signal.throwIfAborted()
    if (!res.headersSent && !start()) await drained()
  }

  async function send(data: unknown): Promise<void> {
    await open()
    heartbeat.refresh()
    clearTimeout(opener)
    if (!res.write(toFrame(data))) await drained()
  }

  async function drained(): Promise<void> {
    await once(res, 'drain', { signal })
  }

  function end(frames: readonly unknown[]): void {
    stop()
    for (const frame of frames) res.write(toFrame(frame))
    res.end()
  }

  function stop(): void {
    clearInterval(heartbeat)
    clearTimeout(opener)
  }

  function done(): void {
    stop()
    res.end('data: [DONE]\n\n')
  }

  return { open, send, done, end, stop }
}

// One newline: with a blank line some clients read an empty event.
const PING = ': ping\n'

export function toSseFrame(data: unknown): string {
  return `data: ${toJsonText(data).replace(UNICODE_LINE_ENDS, toEscape)}\n\n`
}

// JSON may hold them as they are, but clients that split by Unicode's line ends (Python's `splitlines`) would cut the frame.
const UNICODE_LINE_ENDS = /[\u0085\u2028\u2029]/g
const toEscape = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`

const HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no', // nginx would hold the stream back
}
