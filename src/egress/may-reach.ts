import { createAllowList, portOf } from './allow-list.ts'
import { isPublicAddress } from './is-public-address.ts'

/**
 * Whether anything may be sent to a URL, as far as it can be told from the URL: by https, on port 443 or any from 1024 up, to a
 * name or a public address; to a host of `allow` also by http, on any port and to any address. Never with credentials in it.
 */
export type MayReach = (url: URL) => boolean

export type MayReachOptions = {
  /** `host` or `host:port`. */
  allow: readonly string[]
  isPublic?: (address: string) => boolean
}

export function createMayReach({ allow, isPublic = isPublicAddress }: MayReachOptions): MayReach {
  const isAllowed = createAllowList(allow)
  return (url) => {
    const { protocol, username, password, hostname } = url
    if (username !== '' || password !== '') return false
    if (isAllowed(url)) return protocol === 'https:' || protocol === 'http:'
    return protocol === 'https:' && isPublicPort(portOf(url)) && isPublicName(hostname, isPublic)
  }
}

/** Below 1024 other services than https listen, which are not to be spoken to. */
const isPublicPort = (port: number) => port === 443 || port >= 1024

function isPublicName(name: string, isPublic: (address: string) => boolean): boolean {
  const hostname = name.replace(/\.$/, '')
  // The URL parser has turned decimal, octal and hex spellings of an IPv4 address into the usual one.
  const isAddress = /^\[|^[\d.]+$/.test(hostname)
  if (isAddress) return isPublic(hostname.replace(/^\[|\]$/g, ''))
  return hostname !== '' && !/(?:^|\.)localhost$/.test(hostname)
}
