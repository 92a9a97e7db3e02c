import type { RequestHandler } from 'express'

/** Clients join base URLs carelessly: `//v1//models/` means `/v1/models`. */
export const cleanPath: RequestHandler = (req, _res, next) => {
  const [path = '', query] = splitOnce(req.url, '?')
  if (path.startsWith('/')) {
    const clean = `/${path.split('/').filter(Boolean).join('/')}`
    if (clean !== path) req.url = query === undefined ? clean : `${clean}?${query}`
  }
  next()
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
