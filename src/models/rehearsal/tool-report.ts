import type { ToolMessage } from '../../messages.ts'

/** What a tool message says, read from the JSON that the gateway's tools answer in, or quoted from any other text. */
export type ToolReport = {
  toolName: string
  ok: boolean
  /** Said in another form than the gateway's: by a tool of the caller. */
  quoted: boolean
  /** The answer in words, or the reason of the failure. */
  text: string
  notes: readonly string[]
  blocks: readonly ReportedBlock[]
}

type ReportedBlock = { chain: string; number: string; time: string | undefined }

/** Reads a tool message; never throws, whatever it holds. */
export function parseToolReport({ toolName, text }: ToolMessage): ToolReport {
  const body = parseJson(text)
  if (!isRecord(body) || !REPORT_KEYS.some((key) => isSaid(body[key]))) {
    return { toolName, ok: true, quoted: true, text: toQuote(toolName, text), notes: [], blocks: [] }
  }
  const notes = (Array.isArray(body.notes) ? body.notes : [])
    .filter((note) => typeof note === 'string')
    .map((note) => cap(note))
  const blocks = (Array.isArray(body.blocks) ? body.blocks : []).flatMap((block) => parseBlock(block) ?? [])
  const { error, summary } = body
  const report = { toolName, quoted: false, notes, blocks }
  return isSaid(error) ? { ...report, ok: false, text: toText(error) } : { ...report, ok: true, text: toText(summary) }
}

const REPORT_KEYS = ['summary', 'error']

const isSaid = (value: unknown) => value !== undefined && value !== null

/** Longer texts are no answer of a tool's own making. */
const MAX_TEXT = 2_000
const MAX_QUOTE = 400
const MAX_JSON = 1_000_000

function parseJson(text: string): unknown {
  if (text.length > MAX_JSON) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function parseBlock(block: unknown): ReportedBlock | undefined {
  if (!isRecord(block) || typeof block.chain !== 'string') return undefined
  const number = String(block.number ?? '')
  if (!/^\d{1,20}$/.test(number)) return undefined
  return { chain: cap(block.chain), number: groupDigits(number), time: toTime(block.time) }
}

/** Unix seconds or ISO text to `2026-11-21 21:00:12 UTC`. */
function toTime(time: unknown): string | undefined {
  const isSeconds = typeof time === 'number' || (typeof time === 'string' && /^\d{1,12}$/.test(time))
  const date = isSeconds ? new Date(Number(time) * 1_000) : typeof time === 'string' ? new Date(time) : undefined
  if (date === undefined || Number.isNaN(date.getTime())) return undefined
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

function groupDigits(digits: string): string {
  return BigInt(digits).toLocaleString('en-US')
}

function toText(value: unknown): string {
  if (typeof value === 'string') return cap(value)
  if (isRecord(value) && typeof value.message === 'string') return cap(value.message)
  return cap(JSON.stringify(value) ?? '')
}

/** On one line; '' where nothing was said. */
function toQuote(toolName: string, text: string): string {
  const said = cap(text.slice(0, 2 * MAX_QUOTE).replace(/\s+/g, ' '), MAX_QUOTE)
  return said === '' ? '' : `${toolName || 'The tool'} said: ${said}`
}

function cap(text: string, max = MAX_TEXT): string {
  const clean = text.trim()
  return clean.length > max ? `${clean.slice(0, max).toWellFormed()}…` : clean
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
