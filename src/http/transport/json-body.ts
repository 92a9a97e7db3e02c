import { isUtf8 } from 'node:buffer'
import type { Request, RequestHandler } from 'express'
import { BadRequestError, GatewayError } from '../../errors.ts'
import { findJsonExcess, type JsonBounds } from './json-bounds.ts'
import { readBody } from './read-body.ts'

/** Reads a JSON body of any shape into `req.body`; the schema of the route judges the shape. */
export function jsonBody(limitBytes: number): RequestHandler {
  return async (req, _res, next) => {
    req.body = hasBody(req) ? await readJson(req, limitBytes) : {} // the schema then tells what is missing
    next()
  }
}

function hasBody(req: Request): boolean {
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0
}

async function readJson(req: Request, limitBytes: number): Promise<unknown> {
  requireJsonType(req.headers['content-type'])
  const bytes = await readBody(req, limitBytes)
  if (bytes.length === 0) return {}
  const excess = findJsonExcess(bytes, BOUNDS)
  if (excess !== undefined) throw new BadRequestError(COMPLAINTS[excess])
  if (!isUtf8(bytes)) {
    throw new BadRequestError('We could not parse the JSON body of your request. It must be valid UTF-8.')
  }
  try {
    return JSON.parse(bytes.toString('utf8', startsWithBom(bytes) ? 3 : 0))
  } catch {
    throw new BadRequestError(
      'We could not parse the JSON body of your request. The body must be one valid JSON object.',
    )
  }
}

function requireJsonType(contentType = ''): void {
  const [type = '', ...parameters] = contentType.toLowerCase().split(';')
  if (!JSON_TYPE.test(type.trim())) {
    throw new GatewayError("The body must be JSON. Send it with the header 'Content-Type: application/json'.", {
      status: 415,
      code: null,
    })
  }
  const charset = parameters.map((parameter) => CHARSET.exec(parameter.trim())?.[1]).find((name) => name !== undefined)
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii') {
    throw new GatewayError('The charset of the request body is not supported. Use UTF-8.', { status: 415, code: null })
  }
}

const JSON_TYPE = /^application\/([\w!#$&^.+-]+\+)?json$/
const CHARSET = /^charset\s*=\s*"?([^"]*)"?$/

const startsWithBom = (bytes: Buffer) => bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf

/** Far above what a history holds: ten thousand messages are some forty thousand values. */
const BOUNDS = { maxDepth: 100, maxValues: 100_000 } as const satisfies JsonBounds

const COMPLAINTS = {
  maxDepth: `The JSON body of your request is nested too deeply: more than ${BOUNDS.maxDepth} levels.`,
  maxValues: `The JSON body of your request holds too many values: more than ${BOUNDS.maxValues}.`,
} as const satisfies Record<keyof JsonBounds, string>
