import { randomBytes } from 'node:crypto'

/** `call_` and 24 letters or digits. */
function createToolCallId(): string {
  let id = ''
  while (id.length < LENGTH) {
    for (const byte of randomBytes(LENGTH))
      if (byte < UNBIASED && id.length < LENGTH) id += LETTERS[byte % LETTERS.length]
  }
  return `call_${id}`
}

/** Gives every call an id of our shape: the backend's own where it has that shape and is new to the run, else a fresh one. */
export function createToolCallIds(taken: Iterable<string>): (given: string | undefined) => string {
  const used = new Set(taken)
  return (given) => {
    const id = given !== undefined && SHAPE.test(given) && !used.has(given) ? given : createToolCallId()
    used.add(id)
    return id
  }
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const LENGTH = 24
/** Bytes from here on would favour the first letters. */
const UNBIASED = 256 - (256 % LETTERS.length)
/** Shorter ones are counted up: another run would have the same. */
const SHAPE = /^call_[A-Za-z0-9]{16,35}$/
