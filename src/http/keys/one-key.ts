import type { Request, RequestHandler } from 'express'
import type { KeyDesk } from '../../accounts/keys/create-key-desk.ts'
import { keyNotFound } from '../../accounts/keys/key-errors.ts'
import { actorOf } from '../actor-of.ts'
import { identityOf, requireAccount, requireManage } from '../auth.ts'
import { toExpiry } from '../expiry-fields.ts'
import { parseRequest } from '../parse-request.ts'
import { KeyChangeBody, RotationBody } from './key-body.ts'
import { requireKeyManager } from './require-key-manager.ts'
import { sendNewKey } from './send-new-key.ts'
import { toWireKey } from './wire-key.ts'

/** `GET /v1/keys/{id}`. */
export function showKey(keys: Pick<KeyDesk, 'find'>): RequestHandler {
  return async (req, res) => {
    const { account } = requireAccount(res)
    const id = idOf(req)
    const key = await keys.find(id, { type: 'seen_by', account })
    if (key === undefined) throw keyNotFound(id)
    res.json(toWireKey(key))
  }
}

/** `PATCH /v1/keys/{id}`. */
export function updateKey(keys: Pick<KeyDesk, 'update'>): RequestHandler {
  return async (req, res) => {
    const { account } = requireKeyManager(res)
    const { name, scopes, ...expiry } = parseRequest(KeyChangeBody, req.body)
    const change = { name, scopes, expiry: toExpiry(expiry) }
    const key = await keys.update({ id: idOf(req), reach: { type: 'held_by', account }, change }, actorOf(req, res))
    res.json(toWireKey(key))
  }
}

/** `POST /v1/keys/{id}/rotate`. */
export function rotateKey(keys: Pick<KeyDesk, 'rotate'>): RequestHandler {
  return async (req, res) => {
    const isItself = identityOf(res).key?.id === idOf(req) // what takes its place is confined as it is
    const { account } = isItself ? requireManage(res) : requireKeyManager(res)
    const { grace_seconds: graceSec } = parseRequest(RotationBody, req.body)
    const rotation = { id: idOf(req), reach: { type: 'held_by', account } as const, graceSec }
    const made = await keys.rotate(rotation, actorOf(req, res))
    sendNewKey(res, made)
  }
}

/** `DELETE /v1/keys/{id}`: revokes it; it stays to be seen. */
export function revokeKey(keys: Pick<KeyDesk, 'revoke'>): RequestHandler {
  return async (req, res) => {
    const { account } = requireManage(res)
    const key = await keys.revoke({ id: idOf(req), reach: { type: 'seen_by', account } }, actorOf(req, res))
    res.json(toWireKey(key))
  }
}

const idOf = (req: Request) => String(req.params.id)
