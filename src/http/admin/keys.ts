import type { Request, RequestHandler } from 'express'
import { z } from 'zod'
import type { AdminDesk } from '../../accounts/admin/create-admin-desk.ts'
import type { KeyOrder } from '../../accounts/admin/create-key-for.ts'
import { keyNotFound } from '../../accounts/keys/key-errors.ts'
import { creditText, PAGE_FIELDS, plainText } from '../account-fields.ts'
import { toExpiry } from '../expiry-fields.ts'
import { KeyChangeBody, NEW_KEY_FIELDS, RotationBody, toScopes } from '../keys/key-body.ts'
import { sendNewKey } from '../keys/send-new-key.ts'
import { toWireKey } from '../keys/wire-key.ts'
import { parseRequest } from '../parse-request.ts'
import { toWirePage } from '../wire-page.ts'
import { adminOf } from './require-admin.ts'

/** `GET /admin/keys`: all there are, the latest first. */
export function listKeys(desk: Pick<AdminDesk, 'listKeys'>): RequestHandler {
  return async (req, res) => {
    const page = parseRequest(ListQuery, req.query)
    res.json(toWirePage(await desk.listKeys(page), page, toWireKey))
  }
}

/** `POST /admin/keys` */
export function createKey(desk: Pick<AdminDesk, 'createKey'>): RequestHandler {
  return async (req, res) => {
    sendNewKey(res, await desk.createKey(parseKeyOrder(req.body), adminOf(req, res)))
  }
}

/** `GET /admin/keys/{id}` */
export function showKey(desk: Pick<AdminDesk, 'findKey'>): RequestHandler {
  return async (req, res) => {
    const key = await desk.findKey(idOf(req))
    if (key === undefined) throw keyNotFound(idOf(req))
    res.json(toWireKey(key))
  }
}

/** `PATCH /admin/keys/{id}` */
export function updateKey(desk: Pick<AdminDesk, 'updateKey'>): RequestHandler {
  return async (req, res) => {
    const { name, scopes, ...expiry } = parseRequest(KeyChangeBody, req.body)
    const change = { name, scopes, expiry: toExpiry(expiry) }
    res.json(toWireKey(await desk.updateKey(idOf(req), change, adminOf(req, res))))
  }
}

/** `POST /admin/keys/{id}/rotate` */
export function rotateKey(desk: Pick<AdminDesk, 'rotateKey'>): RequestHandler {
  return async (req, res) => {
    const { grace_seconds: graceSec } = parseRequest(RotationBody, req.body)
    sendNewKey(res, await desk.rotateKey({ id: idOf(req), graceSec }, adminOf(req, res)))
  }
}

/** `DELETE /admin/keys/{id}`: revokes it. */
export function revokeKey(desk: Pick<AdminDesk, 'revokeKey'>): RequestHandler {
  return async (req, res) => {
    res.json(toWireKey(await desk.revokeKey(idOf(req), adminOf(req, res))))
  }
}

export const NewAdminKey = z.strictObject({
  ...NEW_KEY_FIELDS,
  account: plainText(64).optional(),
  org: plainText(64).optional(),
  org_mode: z.enum(['strict', 'fallback']).optional(),
  grant: creditText.optional(),
})

/** @throws {@link BadRequestError} */
export function parseKeyOrder(body: unknown): KeyOrder {
  const { name, account, org, org_mode: orgMode, scopes, grant, ...expiry } = parseRequest(NewAdminKey, body)
  return { name, account, org, orgMode, grant, scopes: toScopes(scopes), expiry: toExpiry(expiry) }
}

const ListQuery = z.strictObject({
  ...PAGE_FIELDS,
  account: plainText(64).optional(),
  org: plainText(64).optional(),
})

const idOf = (req: Request) => String(req.params.id)
