/** Whether the operator has opened this very host, or host and port. */
export type AllowList = (url: URL) => boolean

/** @param entries - `host` for all its ports, or `host:port`; an IPv6 address stands in brackets. */
export function createAllowList(entries: readonly string[]): AllowList {
  const allowed = new Set(entries.map((entry) => entry.trim().toLowerCase()))
  return (url) => {
    const host = url.hostname.replace(/\.$/, '') // `localhost.` is `localhost`
    return allowed.has(host) || allowed.has(`${host}:${portOf(url)}`)
  }
}

export function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port)
  return protocol === 'https:' ? 443 : 80
}
