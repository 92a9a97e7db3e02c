/** What is wrong with an address in `question` that has lost a digit or gained one; undefined where there is none. */
export function describeWrongAddress(question: string): string | undefined {
  const [text, digits = ''] = NEARLY_AN_ADDRESS.exec(question) ?? []
  if (text === undefined) return undefined
  return `'${text.slice(0, 6)}…${text.slice(-4)}' is no address: it has ${digits.length} digits, not ${ADDRESS_DIGITS}.`
}

const ADDRESS_DIGITS = 40
/** Longer ones may be hashes that have lost some. */
const NEARLY_AN_ADDRESS = /\b0x((?![0-9a-f]{40}\b)[0-9a-f]{30,50})\b/i
