import type { RequestHandler } from 'express'
import { z } from 'zod'
import type { AdminDesk } from '../../accounts/admin/create-admin-desk.ts'
import { accountNotFound } from '../../accounts/admin/expect-account.ts'
import { creditText, PAGE_FIELDS, plainText } from '../account-fields.ts'
import { parseRequest } from '../parse-request.ts'
import { toWirePage } from '../wire-page.ts'
import { adminOf } from './require-admin.ts'
import { toWireAccount, toWireGranted } from './wire-account.ts'

/** `GET /admin/accounts`: the latest first. */
export function listAccounts(desk: Pick<AdminDesk, 'listAccounts'>): RequestHandler {
  return async (req, res) => {
    const query = parseRequest(ListQuery, req.query)
    res.json(toWirePage(await desk.listAccounts(query), query, toWireAccount))
  }
}

/** `GET /admin/accounts/{id}` */
export function showAccount(desk: Pick<AdminDesk, 'findAccount'>): RequestHandler {
  return async (req, res) => {
    const id = String(req.params.id)
    const account = await desk.findAccount(id)
    if (account === undefined) throw accountNotFound(id)
    res.json(toWireAccount(account))
  }
}

/** `POST /admin/accounts`: for who has no wallet. */
export function createAccount(desk: Pick<AdminDesk, 'createAccount'>): RequestHandler {
  return async (req, res) => {
    res.json(toWireAccount(await desk.createAccount(parseRequest(NewAccount, req.body), adminOf(req, res))))
  }
}

/** `POST /admin/accounts/{id}/grants`: once for an id. */
export function grantCredits(desk: Pick<AdminDesk, 'grant'>): RequestHandler {
  return async (req, res) => {
    const grant = { ...parseRequest(NewGrant, req.body), account: String(req.params.id) }
    res.json(toWireGranted('grant', await desk.grant(grant, adminOf(req, res))))
  }
}

/** `POST /admin/accounts/{id}/corrections`: takes back what is not held. */
export function correctCredits(desk: Pick<AdminDesk, 'correct'>): RequestHandler {
  return async (req, res) => {
    const correction = { ...parseRequest(NewCorrection, req.body), account: String(req.params.id) }
    res.json(toWireGranted('correction', await desk.correct(correction, adminOf(req, res))))
  }
}

const ListQuery = z.strictObject({ ...PAGE_FIELDS, kind: z.enum(['wallet', 'org', 'account']).optional() })
export const NewAccount = z.strictObject({ name: plainText(128) })
export const NewGrant = z.strictObject({
  amount: creditText,
  id: plainText(128).optional(),
  note: plainText(500).optional(),
})
export const NewCorrection = z.strictObject({ amount: creditText, note: plainText(500) })
