import { BlockList, isIP } from 'node:net'

/** Whether an address is in one of the ranges. */
export type IpRanges = (ip: string) => boolean

/** `10.0.0.1`, `10.0.0.0/8`, `2001:db8::/32`. */
export function isIpRange(text: string): boolean {
  return parseRange(text) !== undefined
}

/** What is no range holds no address. */
export function createIpRanges(ranges: readonly string[]): IpRanges {
  const list = new BlockList()
  for (const text of ranges) {
    const range = parseRange(text)
    if (range !== undefined) list.addSubnet(range.address, range.bits, range.family)
  }
  return (text) => {
    const [address = ''] = text.split('%') // fe80::1%eth0
    const ip = toPlainIp(address)
    const version = isIP(ip)
    return version !== 0 && list.check(ip, version === 4 ? 'ipv4' : 'ipv6')
  }
}

function parseRange(text: string): { address: string; bits: number; family: 'ipv4' | 'ipv6' } | undefined {
  const [, written = '', length] = /^([\d.:a-f]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? []
  const address = toPlainIp(written)
  const version = isIP(address)
  if (version === 0) return undefined
  const isMapped = address !== written
  const most = version === 4 ? 32 : 128
  const bits = length === undefined ? most : Number(length) - (isMapped ? MAPPED_BITS : 0)
  return bits >= 0 && bits <= most ? { address, bits, family: version === 4 ? 'ipv4' : 'ipv6' } : undefined
}

/** A socket that takes both kinds shows IPv4 as `::ffff:10.0.0.1`. */
const toPlainIp = (ip: string) => /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1] ?? ip

const MAPPED_BITS = 96
