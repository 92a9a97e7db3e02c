const MAX_LENGTH = 300

/** Foreign text made fit to show: no addresses of servers, nothing that looks like a key, one line, 300 characters. */
export function redact(text: string): string {
  const line = text
    .slice(0, 4 * MAX_LENGTH)
    .replace(/\b[a-z][a-z0-9+.-]*:\/\/\S+/gi, '[address removed]')
    .replace(/(?<![\w-])(?!0x)[\w-]*\d[\w-]*(?![\w-])/g, (word) => (word.length >= 24 ? '[removed]' : word))
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
  return line.length <= MAX_LENGTH ? line : `${line.slice(0, MAX_LENGTH - 1)}…`
}
