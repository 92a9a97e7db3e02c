import { BlockList, isIP } from 'node:net'

/**
 * Whether an IP address is somebody's on the open internet: unicast, and neither private, local, shared, reserved nor a way
 * into IPv4 by another name (IANA's special-purpose registries). False for what is no address.
 */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !NOT_PUBLIC.check(address)
    case 6: {
      const translated = toTranslated(address)
      if (translated !== undefined) return isPublicAddress(translated)
      return GLOBAL_UNICAST.check(address, 'ipv6') && !NOT_PUBLIC.check(address, 'ipv6')
    }
    default:
      return false
  }
}

/** All of IPv6 that has been given out to anybody (RFC 4291 §2.4); the rest is refused as a whole. */
const GLOBAL_UNICAST = new BlockList()
GLOBAL_UNICAST.addSubnet('2000::', 3, 'ipv6')

const NOT_PUBLIC = new BlockList()
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // carriers' NAT; some clouds answer for metadata here
  ['127.0.0.0', 8],
  ['168.63.129.16', 32], // Azure's metadata, though the address looks public
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3], // multicast, reserved and broadcast
] as const) {
  NOT_PUBLIC.addSubnet(net, prefix, 'ipv4')
}
for (const [net, prefix] of [
  ['2001::', 23], // protocol assignments, Teredo among them
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4
  ['3fff::', 20],
] as const) {
  NOT_PUBLIC.addSubnet(net, prefix, 'ipv6')
}

const NAT64 = new BlockList()
NAT64.addSubnet('64:ff9b::', 96, 'ipv6')

/** The IPv4 address that a network without IPv4 reaches through NAT64 (RFC 6052): DNS gives nothing else there. */
function toTranslated(address: string): string | undefined {
  if (!NAT64.check(address, 'ipv6')) return undefined
  // The URL parser writes every spelling of an address in hex, shortest form.
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::').at(-1)?.split(':') ?? []
  const [high = 0, low = 0] = [groups.at(-2), groups.at(-1)].map((group) => Number.parseInt(group || '0', 16))
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
