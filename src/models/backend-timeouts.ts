/** How long to wait for a backend, in milliseconds. */
export type BackendTimeouts = {
  connectTimeoutMs: number
  /** From the request to the first token: a cold model loads within it. */
  firstTokenTimeoutMs: number
  /** Between tokens; Ollama is silent while it writes a tool call. */
  idleTimeoutMs: number
}

export const DEFAULT_TIMEOUTS: BackendTimeouts = {
  connectTimeoutMs: 5_000,
  firstTokenTimeoutMs: 300_000,
  idleTimeoutMs: 60_000,
}

/** The longest that a timer takes: for where something else sets the limit. */
export const NEVER_MS = 2 ** 31 - 1

/** For `check()`, which must not keep a health page waiting. */
export const CHECK_TIMEOUT_MS = 1_500
