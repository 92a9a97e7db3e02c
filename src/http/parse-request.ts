import type { z } from 'zod'
import { BadRequestError } from '../errors.ts'
import { INTEGER } from './integer.ts'

export type ParamPath = readonly PropertyKey[]

/**
 * Parses what a caller sent, at `path` of the request's body.
 * @throws {@link BadRequestError} on the first complaint, in OpenAI's wording, as clients match on it.
 */
export function parseRequest<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  path: ParamPath = [],
): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw issue === undefined ? new BadRequestError('Invalid request.') : toBadRequest(issue, value, path)
}

/** Options of `.refine` for what OpenAI knows and this gateway does not do. */
export function unsupported(
  code: 'unsupported_parameter' | 'unsupported_value',
  error: string | ((issue: { input?: unknown }) => string),
) {
  return { error, params: { code } }
}

/** Options of `.refine` for a field that may only be left unset. */
export function notSupported(param: string, hint = '') {
  return unsupported(
    'unsupported_parameter',
    `Unsupported parameter: '${param}' is not supported with this model.${hint}`,
  )
}

/** `messages[0].content` */
export function toParam(path: ParamPath): string {
  const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')
  return text.replace(/^\./, '').slice(0, 200)
}

/** `'a', 'b', and 'c'` */
export function toList(values: readonly unknown[]): string {
  const quoted = values.map((value) => `'${String(value)}'`)
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')}, and ${quoted.at(-1)}`
}

/** A caller's text, short enough to be told back. */
export function toShown(value: unknown): string {
  const text = String(value)
  return text.length > 64 ? `${text.slice(0, 64)}…` : text
}

type Issue = z.core.$ZodIssue

function toBadRequest(issue: Issue, root: unknown, rootPath: ParamPath): BadRequestError {
  const path = [...rootPath, ...issue.path]
  const param = path.length > 0 ? toParam(path) : null
  const value = valueAt(root, issue.path)
  if (value === undefined && param !== null) {
    return new BadRequestError(`Missing required parameter: '${param}'.`, { param, code: 'missing_required_parameter' })
  }
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(param, toExpected(issue), value)
    case 'too_small':
    case 'too_big':
      return new BadRequestError(`Invalid '${param}': ${toSizeComplaint(issue, value)}`, {
        param,
        code: 'invalid_value',
      })
    case 'invalid_key':
      return new BadRequestError(`Invalid '${param}': the key is too long.`, { param, code: 'invalid_value' })
    case 'invalid_format':
      return new BadRequestError(`Invalid '${param}': ${toPatternComplaint(issue)}`, { param, code: 'invalid_value' })
    case 'invalid_value':
      return unknownValue(param, value, issue.values)
    case 'invalid_union':
      if ('options' in issue && issue.options !== undefined) return unknownValue(param, value, issue.options)
      return wrongType(param, issue.message, value)
    case 'unrecognized_keys':
      return unknownParameter(toParam([...path, issue.keys[0] ?? '']))
    case 'custom':
      return new BadRequestError(issue.message, { param, code: issue.params?.code ?? 'invalid_value' })
    default:
      return new BadRequestError(`Invalid '${param}'.`, { param, code: 'invalid_value' })
  }
}

function unknownParameter(param: string): BadRequestError {
  return new BadRequestError(`Unknown parameter: '${param}'.`, { param, code: 'unknown_parameter' })
}

function wrongType(param: string | null, expected: string, value: unknown): BadRequestError {
  const what = param === null ? 'Invalid body' : `Invalid type for '${param}'`
  const message = `${what}: expected ${expected}, but got ${toTypeName(value)} instead.`
  return new BadRequestError(message, { param, code: 'invalid_type' })
}

function toExpected({ expected, message }: z.core.$ZodIssueInvalidType): string {
  return message === INTEGER ? INTEGER : (TYPE_NAMES[expected] ?? `a value of type ${expected}`)
}

function unknownValue(param: string | null, value: unknown, known: readonly unknown[]): BadRequestError {
  const shown = typeof value === 'string' ? `'${toShown(value)}'` : toTypeName(value)
  return new BadRequestError(`Invalid value: ${shown}. Supported values are: ${toList(known)}.`, {
    param,
    code: 'invalid_value',
  })
}

function toSizeComplaint(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, value: unknown): string {
  const [bound, word] =
    issue.code === 'too_small'
      ? [issue.minimum, { size: 'minimum', many: 'short', compare: '>=', side: 'below' }]
      : [issue.maximum, { size: 'maximum', many: 'long', compare: '<=', side: 'above' }]
  if (Array.isArray(value)) {
    const got = value.length === 0 ? 'an empty array' : `an array with length ${value.length}`
    const complaint = value.length === 0 ? 'empty array' : `array too ${word.many}`
    return `${complaint}. Expected an array with ${word.size} length ${bound}, but got ${got} instead.`
  }
  if (issue.origin === 'string' && value === '') {
    return `empty string. Expected a string with ${word.size} length ${bound}, but got an empty string instead.`
  }
  if (issue.origin === 'string' && typeof value === 'string') {
    return `string too ${word.many}. Expected a string with ${word.size} length ${bound}, but got a string with length ${value.length} instead.`
  }
  const kind = issue.message === INTEGER ? 'integer' : 'decimal'
  return `${kind} ${word.side} ${word.size} value. Expected a value ${word.compare} ${bound}, but got ${toShown(value)} instead.`
}

function toPatternComplaint({ pattern }: z.core.$ZodIssueInvalidStringFormat): string {
  const bare = pattern?.replace(/^\/|\/[a-z]*$/g, '') ?? ''
  return `string does not match pattern. Expected a string that matches the pattern '${bare}'.`
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  number: 'a decimal',
  string: 'a string',
  boolean: 'a boolean',
  array: 'an array',
  object: 'an object',
  record: 'an object',
}

function toTypeName(value: unknown): string {
  if (value === null) return 'null'
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'an array'
  switch (typeof value) {
    case 'number':
      return Number.isInteger(value) ? 'an integer' : Number.isFinite(value) ? 'a decimal' : 'a number out of range'
    case 'object':
      return 'an object'
    default:
      return `a ${typeof value}`
  }
}

function valueAt(root: unknown, path: ParamPath): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? value[key as keyof typeof value]
        : undefined,
    root,
  )
}
