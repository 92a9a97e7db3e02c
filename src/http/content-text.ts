import { z } from 'zod'
import { BadRequestError } from '../errors.ts'
import { type ParamPath, parseRequest, toList, toParam, toShown } from './parse-request.ts'

/** What a message may hold: a text, or parts that are judged one by one. */
export const Content = z.union([z.string(), z.array(z.unknown())], { error: 'one of a string or array of objects' })

/** Which parts are text in a place. */
export type TextKinds = {
  read: readonly string[]
  /** Those of them that a complaint names. */
  told: readonly string[]
  /** What a complaint on a picture says is supported. */
  only: string
}

/**
 * Text parts are separate paragraphs to the caller, hence the newline. Nothing is ever fetched or left out.
 * @throws {@link BadRequestError} on the first part that is no text.
 */
export function toContentText(content: z.output<typeof Content>, path: ParamPath, kinds: TextKinds): string {
  if (typeof content === 'string') return content
  return content.map((part, index) => toPartText(part, [...path, index], kinds)).join('\n')
}

function toPartText(part: unknown, path: ParamPath, { read, told, only }: TextKinds): string {
  const { type } = parseRequest(PartKind, part, path)
  if (read.includes(type)) {
    return type === 'refusal' ? parseRequest(RefusalPart, part, path).refusal : parseRequest(TextPart, part, path).text
  }
  const param = toParam(path)
  if (MEDIA.has(type)) {
    throw new BadRequestError(
      `Unsupported value: '${param}' does not support '${type}' with this model. Only ${only} is supported.`,
      { param, code: 'unsupported_value' },
    )
  }
  throw new BadRequestError(`Invalid value: '${toShown(type)}'. Supported values are: ${toList(told)}.`, {
    param: `${param}.type`,
    code: 'invalid_value',
  })
}

const PartKind = z.object({ type: z.string() })
const TextPart = z.object({ text: z.string() })
const RefusalPart = z.object({ refusal: z.string() })

/** Of both APIs, as clients leak the names of one into the other. */
const MEDIA = new Set([
  'image_url',
  'input_image',
  'input_audio',
  'audio',
  'file',
  'input_file',
  'video_url',
  'input_video',
  'computer_screenshot',
])
