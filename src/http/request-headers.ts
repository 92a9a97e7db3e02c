import type { Request } from 'express'
import { BadRequestError } from '../errors.ts'

/**
 * Whether a request wants the gateway's own tools, by the header `x-groundwire-tools`: it does unless it says otherwise.
 * @throws {@link BadRequestError} for a word that says neither.
 */
export function wantsServerTools(req: Request): boolean {
  return readSwitch(req, 'x-groundwire-tools') ?? true
}

/**
 * Whether a request wants to be told how the answer came about, by the header `x-groundwire-trace`.
 * @throws {@link BadRequestError} for a word that says neither.
 */
export function wantsTrace(req: Request): boolean {
  return readSwitch(req, 'x-groundwire-trace') ?? false
}

/**
 * Whether a blocking reply is to be kept alive by blanks before its JSON, by the header `x-groundwire-heartbeat`: what fails
 * after the first of them has status 200.
 * @throws {@link BadRequestError} for a word that says neither.
 */
export function wantsHeartbeat(req: Request): boolean {
  return readSwitch(req, 'x-groundwire-heartbeat') ?? false
}

function readSwitch(req: Request, name: string): boolean | undefined {
  const word = req.get(name)?.trim() ?? ''
  if (word === '') return undefined
  if (/^(?:on|1|true)$/i.test(word)) return true
  if (/^(?:off|0|false)$/i.test(word)) return false
  throw new BadRequestError(`Invalid header '${name}': expected 'on' or 'off'.`, { param: name, code: 'invalid_value' })
}
