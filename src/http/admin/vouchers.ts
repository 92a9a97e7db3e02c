import type { RequestHandler } from 'express'
import { z } from 'zod'
import type { AdminDesk } from '../../accounts/admin/create-admin-desk.ts'
import type { NewVoucher } from '../../accounts/vouchers/create-voucher.ts'
import { creditText, PAGE_FIELDS, plainText } from '../account-fields.ts'
import { EXPIRY_FIELDS, toExpiry } from '../expiry-fields.ts'
import { integer } from '../integer.ts'
import { parseRequest } from '../parse-request.ts'
import { toWirePage } from '../wire-page.ts'
import { adminOf } from './require-admin.ts'
import { toWireNewVoucher, toWireVoucher } from './wire-voucher.ts'

/** `GET /admin/vouchers`: the latest first. */
export function listVouchers(desk: Pick<AdminDesk, 'listVouchers'>): RequestHandler {
  return async (req, res) => {
    const page = parseRequest(z.strictObject(PAGE_FIELDS), req.query)
    res.json(toWirePage(await desk.listVouchers(page), page, toWireVoucher))
  }
}

/** `POST /admin/vouchers` */
export function createVoucher(desk: Pick<AdminDesk, 'createVoucher'>): RequestHandler {
  return async (req, res) => {
    res.json(toWireNewVoucher(await desk.createVoucher(parseNewVoucher(req.body), adminOf(req, res))))
  }
}

/** `DELETE /admin/vouchers/{id}`: what was taken stays. */
export function revokeVoucher(desk: Pick<AdminDesk, 'revokeVoucher'>): RequestHandler {
  return async (req, res) => {
    res.json(toWireVoucher(await desk.revokeVoucher(String(req.params.id), adminOf(req, res))))
  }
}

export const NewAdminVoucher = z.strictObject({
  amount: creditText,
  max_uses: integer(1, 1_000_000).default(1),
  ...EXPIRY_FIELDS,
  note: plainText(500).optional(),
})

/** @throws {@link BadRequestError} */
export function parseNewVoucher(body: unknown): NewVoucher {
  const { amount, max_uses: maxUses, note, ...times } = parseRequest(NewAdminVoucher, body)
  return { amount, maxUses, note, expiry: toExpiry(times) }
}
