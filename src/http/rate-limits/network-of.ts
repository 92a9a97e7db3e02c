import { isIP } from 'node:net'
import type { Request } from 'express'

/**
 * Whom a request comes from, as far as an address tells: an IPv4 address, or the /64 of an IPv6 address, as one customer has
 * all of it. A proxy that names no address stands for whoever is behind it.
 */
export function networkOf({
  ip,
  socket,
}: Pick<Request, 'ip'> & { socket: { remoteAddress?: string | undefined } }): string {
  return toNetwork(ip ?? '') ?? toNetwork(socket.remoteAddress ?? '') ?? 'unknown'
}

/** Undefined for what is no address. */
export function toNetwork(text: string): string | undefined {
  const address = isIP(text) === 0 ? withoutPort(text) : text
  switch (isIP(address)) {
    case 4:
      return address
    case 6:
      return ofGroups(toGroups(address))
    default:
      return undefined
  }
}

/** Some proxies write `203.0.113.9:4711` or `[2001:db8::1]:4711`: each connection would count as somebody else. */
function withoutPort(text: string): string {
  return /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([^:]+):\d{1,5}$/.exec(text)?.[1] ?? text
}

function ofGroups(groups: readonly number[]): string {
  const [high = 0, low = 0] = groups.slice(6)
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff // an IPv4 address (RFC 4291 §2.5.5.2)
  if (isMapped) return [high >> 8, high & 255, low >> 8, low & 255].join('.')
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`
}

/** All eight of them. */
function toGroups(address: string): number[] {
  const [unscoped = ''] = address.split('%')
  // The URL parser writes every spelling of an address in hex, shortest form.
  const [head = '', tail] = new URL(`http://[${unscoped}]`).hostname.slice(1, -1).split('::')
  const before = toNumbers(head)
  const after = toNumbers(tail ?? '')
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
}

const toNumbers = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)))
