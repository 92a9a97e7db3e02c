/**
 * The path and query a caller means. Clients join base URLs carelessly: `//v1//models/` is `/v1/models`. Those that take us
 * for a proxy send the whole URL, which RFC 9112 §3.2.2 wants understood.
 */
export function cleanPath(target: string): string {
  const url = target.replace(ORIGIN, '/')
  const queryAt = url.indexOf('?')
  const path = queryAt < 0 ? url : url.slice(0, queryAt)
  if (!UNCLEAN.test(path)) return url
  return `/${path.split('/').filter(Boolean).join('/')}${queryAt < 0 ? '' : url.slice(queryAt)}`
}

const ORIGIN = /^https?:\/\/[^/?]*/i
const UNCLEAN = /^(?![/*])|\/\/|.\/$/
