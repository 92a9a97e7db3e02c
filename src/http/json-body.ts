import express, { type Request, type RequestHandler } from 'express'
import { GatewayError } from '../errors.ts'

/** Reads a JSON body of any shape into `req.body`; the schema of the route judges the shape. */
export function jsonBody(limitBytes: number): RequestHandler[] {
  const json = express.json({ limit: limitBytes, strict: false, type: ['application/json', 'application/*+json'] })
  return [json, requireBody]
}

const requireBody: RequestHandler = (req, _res, next) => {
  if (req.body === undefined) {
    if (hasBody(req)) {
      throw new GatewayError("The body must be JSON. Send it with the header 'Content-Type: application/json'.", {
        status: 415,
        code: null,
      })
    }
    req.body = {} // the schema then tells what is missing
  }
  next()
}

function hasBody(req: Request): boolean {
  return req.get('transfer-encoding') !== undefined || Number(req.get('content-length') ?? 0) > 0
}
