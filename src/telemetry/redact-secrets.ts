/**
 * Text without what opens a door: keys, tokens, passwords, private keys, and all of a URL that may hold one. For a line of
 * JSON, which stays JSON, and for plain text.
 */
export function redactSecrets(text: string): string {
  if (!SUSPICIOUS.some((pattern) => pattern.test(text))) return text
  return text
    .replace(URLS, redactUrl)
    .replace(NAMED, `$1"${REDACTED}"`)
    .replace(SCHEMES, `$1 ${REDACTED}`)
    .replace(ASSIGNED, `$1${REDACTED}`)
    .replace(PRIVATE_KEYS, `$1${REDACTED}`)
    .replace(TOKENS, REDACTED)
}

const REDACTED = '[redacted]'

/** What a name that ends so holds is a secret. */
const SECRET_NAME =
  'authorization|cookies?|passwords?|passwd|passphrase|pwd|secrets?|token|keys?|mnemonic|credentials?|connection_?string|dsn'

/** By what issuers begin their keys with. */
const PREFIX = '(?:sk|pk|gw[siv]?|rpa|whsec|hf|gsk|xai|ghp|glpat)[-_]'

/** Quick looks, which most lines leave as they are: one finds something wherever a pattern below would. */
const SUSPICIOUS = [
  /:\/\//,
  new RegExp(`(?:${SECRET_NAME})\\\\{0,7}["'=: ]`, 'i'),
  new RegExp(`(?<![a-z0-9])${PREFIX}`, 'i'),
  /private|seed|bearer|basic|eyJ/i,
]

/** A quote or a backslash that JSON has escaped belongs to the URL; other escapes, like `\n`, end it. */
const URLS = /\b([a-z][a-z0-9+.-]{1,20}:\/\/)((?:[^\s"\\<>]|\\["\\/])*)/gi

/** What may follow the host: words of APIs that we and others speak. Any other segment may be a key. */
const HARMLESS_PATH =
  /^(?:\/(?:v\d{1,2}|api|openai|chat|completions|responses|models|tags|show|run|status|cancel|health|ready|metrics|traces)?)*$/

function redactUrl(url: string, scheme: string, rest: string): string {
  if (scheme === 'file://') return url // in every stack
  const end = /[).,;:'`]{0,3}$/.exec(rest)?.index ?? rest.length
  const body = rest.slice(0, end)
  // A password may hold a slash, so the last @ ends it, wherever it stands.
  const at = body.lastIndexOf('@')
  const [, host = '', path = ''] = /^([^/?#\\]*)(.*)$/.exec(body.slice(at + 1)) ?? []
  const shown = HARMLESS_PATH.test(path) ? path : `/${REDACTED}`
  return `${scheme}${at === -1 ? '' : `${REDACTED}@`}${host}${shown}${rest.slice(end)}`
}

/** A field of JSON: a string, or a list that holds no list. */
const NAMED = new RegExp(`((?:${SECRET_NAME})":)(?:"(?:[^"\\\\]|\\\\.)*"|\\[[^[\\]]*\\])`, 'gi')

const SCHEMES = /\b(bearer|basic)\s+(?!\[redacted\])[\w.~+/=-]{4,}/gi

/**
 * `password=…`, `api_key: '…'`, `\"token\":\"…\"`: in prose, in a connection string, in what an inspector or JSON made of an
 * object. A key alone, without more to its name, is one of many things.
 */
const ASSIGNED =
  /((?:authorization|cookie|password|passwd|passphrase|pwd|secret|token|(?:api|access|private|admin|secret)[_-]?key)\\{0,7}["']?\s?[=:]\s*)(?!\[redacted\]|"\[redacted\])(?:(?<escape>\\{1,7})"(?:(?!(?<!\\)\k<escape>").)*\k<escape>"|'[^'\n]*'|(?:[^\s"'\\&,;{}]|\\["\\])+)/gi

const PRIVATE_KEYS = /((?:key|secret|private|seed)[^\n0-9a-f]{0,12})(?:0x)?[0-9a-f]{64}\b/gi

/** The last one is a JWT. */
const TOKENS = new RegExp(`(?<![a-z0-9])(?:${PREFIX}[\\w+/=-]{4,}|eyJ[\\w-]{8,}\\.[\\w.-]+)`, 'gi')
