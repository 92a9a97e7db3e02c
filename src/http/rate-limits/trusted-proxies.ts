/**
 * Express's `trust proxy`: with it, `req.ip` is the right-most address of `X-Forwarded-For` that is none of these proxies',
 * and without, whoever opened the connection. Never a number of hops, nor `true`: then callers could name themselves.
 */
export function toTrustProxy(trustedProxies: readonly string[]): string[] | false {
  return trustedProxies.length === 0 ? false : [...trustedProxies]
}
