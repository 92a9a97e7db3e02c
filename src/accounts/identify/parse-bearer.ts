/** The token of `Bearer <token>`; undefined where there is none. */
export function parseBearer(authorization: string | undefined): string | undefined {
  return BEARER.exec(authorization ?? '')?.[1]
}

/** What a token is by its form, where it is of those that this gateway gives. */
export function ownKind(token: string): 'key' | 'session' | undefined {
  const prefix = OWN.exec(token)?.[1]
  if (prefix === undefined) return undefined
  return prefix === 'gw' ? 'key' : 'session'
}

const BEARER = /^bearer +(\S.*)$/i
const OWN = /^(gws?)_[\w-]{43}$/
