import { parseArgs } from 'node:util'
import { MOST_MICRO, parseCreditText, toCreditText } from '../../src/accounts/credits.ts'
import type { Command } from './command.ts'
import { UsageError } from './usage-error.ts'

/** What stands on a command line. A value that is none of its kind is a {@link UsageError}. */
export type Input = {
  /** What stands after the command, by name. */
  arg(name: string): string
  text(option: string): string | undefined
  flag(option: string): boolean
  /** `a,b`; `least` words of them, 1 where it is not said. */
  words(option: string, least?: number): readonly string[] | undefined
  integer(option: string, min?: number): number | undefined
  /** Micro-credits. */
  amount(option: string): bigint | undefined
  /** Of `30d`. */
  seconds(option: string): number | undefined
  oneOf<const Word extends string>(option: string, words: readonly Word[]): Word | undefined
}

export type Parsed = { input: Input; json: boolean; help: boolean }

/** @throws {@link UsageError} */
export function parseInput({ name, takes, options }: Command, args: readonly string[]): Parsed {
  const { values, positionals } = parse(args, options)
  if (values.help !== true) {
    const missing = takes[positionals.length]
    if (missing !== undefined) throw new UsageError(`'${name}' needs <${missing}>.`)
    const [extra] = positionals.slice(takes.length)
    if (extra !== undefined) throw new UsageError(`'${name}' does not take '${extra}'.`)
  }
  const given = new Map(takes.map((taken, index) => [taken, positionals[index] ?? '']))
  const text = (option: string) => {
    const value = values[option]
    return typeof value === 'string' ? value : undefined
  }
  const judged = <Value>(option: string, judge: (value: string) => Value | undefined, wanted: string) => {
    const value = text(option)
    if (value === undefined) return undefined
    const judgement = judge(value)
    if (judgement === undefined) throw new UsageError(`--${option} must be ${wanted}.`)
    return judgement
  }
  const input: Input = {
    arg: (taken) => given.get(taken) ?? '',
    text,
    flag: (option) => values[option] === true,
    words: (option, least = 1) =>
      judged(option, (value) => toWords(value, least), 'one or more, with commas between: a,b'),
    integer: (option, min = 1) => judged(option, (value) => toInteger(value, min), `a whole number, ${min} or more`),
    amount: (option) => judged(option, toAmount, AMOUNT),
    seconds: (option) => judged(option, toSeconds, 'a time: 30d, 12h or 90m'),
    oneOf: <const Word extends string>(option: string, words: readonly Word[]) =>
      judged(option, (value) => words.find((word) => word === value), `one of ${words.join(', ')}`),
  }
  return { input, json: values.json === true, help: values.help === true }
}

/** Micro-credits of an amount that stands alone. */
export function parseAmount(text: string): bigint {
  const amount = toAmount(text)
  if (amount === undefined) throw new UsageError(`The amount must be ${AMOUNT}.`)
  return amount
}

const AMOUNT = `credits, more than 0, ${toCreditText(MOST_MICRO)} at most and with at most six decimals: 5 or 1.25`

function toAmount(text: string): bigint | undefined {
  const amount = parseCreditText(text)
  return amount === undefined || amount === 0n || amount > MOST_MICRO ? undefined : amount
}

function toWords(text: string, least: number): readonly string[] | undefined {
  const words = text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
  return words.length < least ? undefined : words
}

function toInteger(text: string, min: number): number | undefined {
  return /^\d{1,15}$/.test(text) && Number(text) >= min ? Number(text) : undefined
}

function toSeconds(text: string): number | undefined {
  const [, count = '', unit = ''] = /^([1-9]\d{0,4})([mhd])$/.exec(text) ?? []
  return count === '' ? undefined : Number(count) * { m: 60, h: 3_600, d: 86_400 }[unit as 'm' | 'h' | 'd']
}

function parse(
  args: readonly string[],
  options: Command['options'],
): { values: Record<string, unknown>; positionals: string[] } {
  const known = Object.entries(options).map(
    ([name, { takes }]) => [name, { type: takes === undefined ? 'boolean' : 'string' }] as const,
  )
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...Object.fromEntries(known), json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}
