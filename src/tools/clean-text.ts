/**
 * Controls, invisible, bidirectional and private-use characters, and blanks that only look empty. The first alternative is
 * kept: the joiner inside an emoji, which ENS names may hold.
 */
const UNSEEN =
  /(?<=\p{Extended_Pictographic}\p{Emoji_Modifier}?)(\u200d)(?=\p{Extended_Pictographic})|[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu

/**
 * A string from the chain, fit to be read by a model and a person: what cannot be seen is gone, and a run of white
 * space is one space, so that a token's name cannot pose as a new line or hide an instruction.
 */
export function cleanText(text: string): string {
  return text
    .toWellFormed()
    .replace(/\s+/g, ' ')
    .replace(UNSEEN, (_, joiner: string | undefined) => joiner ?? '')
    .replace(/ {2,}/g, ' ')
    .trim()
}

/** `value` with every string and key in it cleaned. */
export function cleanTexts(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value)
  if (Array.isArray(value)) return value.map(cleanTexts)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [cleanText(key), cleanTexts(item)]))
}
