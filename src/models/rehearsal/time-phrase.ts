/** A point in time as people write it, taken as UTC: an ISO date, with or without a time, or words like `2 hours ago`. */
export type TimePhrase = { end: number; value: string }

/** Reads a point in time that starts at `start` of `text`: an ISO date, `3 May 2025 at 12:00`, or `2 hours ago`. */
export function readTimePhrase(text: string, start: number): TimePhrase | undefined {
  return readIso(text, start) ?? readWritten(text, start) ?? readRelative(text, start)
}

const ISO =
  /(\d{4}-\d{2}-\d{2})(?:(?:T|\s+(?:at\s+)?)(\d{1,2}:\d{2}(?::\d{2})?)(?:\.\d+)?(?:\s*(Z|UTC|GMT|[+-]\d{2}:\d{2}))?)?/iy

function readIso(text: string, start: number): TimePhrase | undefined {
  const [all, date, time, zone] = matchAt(ISO, text, start)
  if (all === undefined || date === undefined) return undefined
  return { end: start + all.length, value: time === undefined ? date : `${date}T${toClock(time)}${toZone(zone)}` }
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const MONTH = '(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\\.?'
const CLOCK = '(?:,?\\s+(?:at\\s+)?(\\d{1,2}:\\d{2}(?::\\d{2})?)(?:\\s*(?:Z|UTC|GMT))?)?'
const DAY_FIRST = new RegExp(`(\\d{1,2})(?:st|nd|rd|th)?\\s+(?:of\\s+)?${MONTH},?\\s+(\\d{4})${CLOCK}`, 'iy')
const MONTH_FIRST = new RegExp(`${MONTH}\\s+(\\d{1,2})(?:st|nd|rd|th)?,?\\s+(\\d{4})${CLOCK}`, 'iy')

function readWritten(text: string, start: number): TimePhrase | undefined {
  const [first, firstDay, firstMonth, firstYear, firstClock] = matchAt(DAY_FIRST, text, start)
  if (first !== undefined) return toWritten(start + first.length, firstYear, firstMonth, firstDay, firstClock)
  const [second, month, day, year, clock] = matchAt(MONTH_FIRST, text, start)
  return second === undefined ? undefined : toWritten(start + second.length, year, month, day, clock)
}

function toWritten(end: number, year = '', month = '', day = '', clock?: string): TimePhrase {
  const monthNumber = MONTHS.indexOf(month.toLowerCase().slice(0, 3)) + 1
  const date = `${year}-${String(monthNumber).padStart(2, '0')}-${day.padStart(2, '0')}`
  return { end, value: clock === undefined ? date : `${date}T${toClock(clock)}Z` }
}

const RELATIVE = /yesterday\b|(\d{1,4}|an?|one)\s+(second|minute|hour|day|week|month|year)(s?)\s+ago\b/iy
const DAYS: Readonly<Record<string, number>> = { month: 30, year: 365 }

/** Kept as words, months and years as days: what they count from is for the tool to say. */
function readRelative(text: string, start: number): TimePhrase | undefined {
  const [all, count = '', unit = ''] = matchAt(RELATIVE, text, start)
  if (all === undefined) return undefined
  const days = DAYS[unit.toLowerCase()]
  const number = /^\d/.test(count) ? Number(count) : 1
  const value = days === undefined ? all.replaceAll(/\s+/g, ' ').toLowerCase() : `${number * days} days ago`
  return { end: start + all.length, value }
}

function toClock(time: string): string {
  const [hours = '', minutes = '', seconds = '00'] = time.split(':')
  return [hours.padStart(2, '0'), minutes, seconds].join(':')
}

function toZone(zone: string | undefined): string {
  return zone === undefined || /^[a-z]/i.test(zone) ? 'Z' : zone
}

function matchAt(pattern: RegExp, text: string, start: number): readonly (string | undefined)[] {
  pattern.lastIndex = start
  return pattern.exec(text) ?? []
}
