import { redact } from './redact.ts'

/**
 * A node's own answer that it cannot do what was asked: a revert, invalid params.
 * `code` and `data` are as EIP-1193 wants them, so viem and ethers decode a revert from them; `message` is cleaned.
 */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly code: number
  /** Revert data, where there is any. */
  readonly data: unknown

  constructor({ code, message, data }: { code: number; message: string; data?: unknown }) {
    super(redact(message))
    this.code = code
    this.data = data
  }
}

/** The contract refused, whichever code the provider gives that. */
export function isRevert({ code, message, data }: { code: number; message: string; data?: unknown }): boolean {
  const hasData = typeof data === 'string' && /^(Reverted )?0x[0-9a-f]{8,}$/i.test(data)
  return code === REVERT_CODE || /execution reverted|VM execution error/i.test(message) || hasData
}

/** geth's, and the one viem and ethers decode. */
export const REVERT_CODE = 3

/** The answer is over the size limit. Another node would give the same one. */
export class AnswerTooLargeError extends Error {
  override readonly name = 'AnswerTooLargeError'

  constructor({ maxBytes }: { maxBytes: number }) {
    super(`The node's answer is larger than ${Math.round(maxBytes / 1_048_576)} MiB. Ask for less at a time.`)
  }
}
