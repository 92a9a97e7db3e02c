import type { Response } from 'express'
import type { KeyWithSecret } from '../../accounts/keys/create-key.ts'
import { toWireNewKey } from './wire-key.ts'

/** No cache on the way is to keep the secret. */
export function sendNewKey(res: Response, made: KeyWithSecret): void {
  res.setHeader('cache-control', 'no-store')
  res.json(toWireNewKey(made))
}
