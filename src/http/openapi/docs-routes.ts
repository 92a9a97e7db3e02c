import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import express, { type RequestHandler, type Router } from 'express'
import { methodNotAllowed } from '../method-not-allowed.ts'
import { DOCS_HTML, DOCS_SCRIPT, DOCS_STYLE } from './docs-page.ts'

/** `GET /docs`, a page on `/openapi.json`, and the files it needs. */
export function docsRoutes(): Router {
  const readOnly = methodNotAllowed('GET', 'HEAD')
  const router = express.Router()
  router.route('/docs').get(allowPage, send('html', DOCS_HTML)).all(readOnly)
  router.route('/docs/start.js').get(send('js', DOCS_SCRIPT)).all(readOnly)
  router.route('/docs/page.css').get(send('css', DOCS_STYLE)).all(readOnly)
  for (const file of PACKAGE_FILES) router.route(`/docs/${file}`).get(sendPackageFile(file)).all(readOnly)
  return router
}

const PACKAGE_FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']

function send(type: string, text: string): RequestHandler {
  return (_req, res) => {
    res.setHeader('cache-control', CACHED)
    res.type(type).send(text)
  }
}

function sendPackageFile(file: string): RequestHandler {
  const folder = dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json')))
  return (_req, res) => {
    res.setHeader('cache-control', CACHED)
    res.sendFile(join(folder, file), { cacheControl: false, dotfiles: 'allow' })
  }
}

const CACHED = 'public, max-age=3600'

/** The gateway's own policy lets a page do nothing; this one lets it show itself and call the gateway. */
const allowPage: RequestHandler = (_req, res, next) => {
  res.setHeader('content-security-policy', POLICY)
  next()
}

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'", // the library styles what it draws
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join(';')
