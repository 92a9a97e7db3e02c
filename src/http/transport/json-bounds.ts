/** What a JSON text may hold at most. */
export type JsonBounds = {
  /** Arrays and objects in one another. */
  maxDepth: number
  /** Values of every kind, also those that hold others. */
  maxValues: number
}

/**
 * Which bound the bytes of a JSON text exceed, found in one pass before it is parsed: parsing costs memory and time by the
 * number of values, of which a small text can hold millions. Of broken JSON it may say anything; the parser refuses that.
 */
export function findJsonExcess(bytes: Uint8Array, { maxDepth, maxValues }: JsonBounds): keyof JsonBounds | undefined {
  let depth = 0
  let values = 1
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number
    if (IS_STRUCTURE[byte] === 0) continue
    if (byte === QUOTE) {
      at = findStringEnd(bytes, at)
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      depth--
    } else {
      if (byte !== COMMA && ++depth > maxDepth) return 'maxDepth'
      if (++values > maxValues) return 'maxValues'
    }
  }
  return undefined
}

/** Of the string that opens at `start`. */
function findStringEnd(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c]
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]

// A table, as most bytes are none of these: comparing with each takes twice as long.
const IS_STRUCTURE = new Uint8Array(256)
for (const byte of [QUOTE, COMMA, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT]) IS_STRUCTURE[byte] = 1
