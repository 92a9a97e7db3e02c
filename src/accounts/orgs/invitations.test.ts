import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { ACTOR, auditedActions, newWallet, openWallet, startOrg } from '../../../test/support/orgs.ts'
import type { NewInvitation } from './create-invitation.ts'
import { createOrgDesk } from './create-org-desk.ts'

const NOT_FOUND = { status: 404, code: 'invitation_not_found', param: 'token' }

async function startInviting() {
  const database = await testDatabase()
  const { db } = database
  const desk = createOrgDesk(database)
  const [owner, admin] = [newWallet(), newWallet()]
  const { id: org } = await startOrg(db, { owner, also: [[admin, 'admin']] })
  const invite = (fields: Partial<NewInvitation> = {}) =>
    desk.invite(
      { org, by: owner, role: 'member', creditsPerDay: null, creditsPerMonth: null, ttlSec: 60, ...fields },
      ACTOR,
    )
  const accept = (token: string, account: string) => desk.accept({ token, account }, ACTOR)
  return { db, desk, org, owner, admin, invite, accept }
}

test('who accepts an invitation is a member with the role and the ceilings it names', async () => {
  const { db, desk, org, owner, invite, accept } = await startInviting()
  const { invitation, token } = await invite({ role: 'viewer', creditsPerDay: 0n, creditsPerMonth: 5_000_000n })
  expect(token).toMatch(/^gwi_[\w-]{43}$/)
  expect(invitation).toMatchObject({ status: 'open', role: 'viewer', wallet: null, createdBy: owner, acceptedBy: null })
  expect(invitation.expiresAtMs - invitation.createdAtMs).toBeCloseTo(60_000, -2)
  const account = await openWallet(db)
  expect(await accept(token, account)).toMatchObject({
    orgId: org,
    member: { account, role: 'viewer', creditsPerDay: 0n, creditsPerMonth: 5_000_000n },
  })
  const { rows } = (await desk.members({ org, by: account }, { limit: 10 })) ?? expect.fail()
  expect(rows[0]).toMatchObject({ account, role: 'viewer', creditsPerDay: 0n, creditsPerMonth: 5_000_000n })
  const listed = await desk.invitations({ org, by: owner }, { limit: 10 })
  expect(listed?.rows).toEqual([{ ...invitation, status: 'accepted', acceptedBy: account }])
  expect(await auditedActions(db, org)).toEqual(['org.created', 'invitation.created', 'member.joined'])
})

test('of many who accept one invitation at once, one is let in', async () => {
  const { db, desk, org, owner, invite, accept } = await startInviting()
  const { token } = await invite()
  const accounts = await Promise.all(Array.from({ length: 12 }, () => openWallet(db)))
  const outcomes = await Promise.allSettled(accounts.map((account) => accept(token, account)))
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
  expect(refused).toEqual(Array(11).fill(expect.objectContaining({ status: 409, code: 'invitation_used' })))
  const { rows } = (await desk.members({ org, by: owner }, { limit: 100 })) ?? expect.fail()
  expect(rows.filter(({ account }) => accounts.includes(account))).toHaveLength(1)
})

test('who is a member already leaves the invitation to others', async () => {
  const { db, desk, org, owner, admin, invite, accept } = await startInviting()
  const { token } = await invite()
  await expect(accept(token, admin)).rejects.toMatchObject({ status: 409, code: 'already_member' })
  expect((await desk.find({ org, by: admin })).role).toBe('admin')
  await accept(token, await openWallet(db))
  await expect(invite({ wallet: owner })).rejects.toMatchObject({ status: 409, code: 'already_member' })
})

test('an invitation of a wallet is for that wallet alone, whoever has the token', async () => {
  const { db, invite, accept } = await startInviting()
  const wallet = await openWallet(db)
  const { token } = await invite({ wallet })
  await expect(accept(token, await openWallet(db))).rejects.toMatchObject({ status: 403, code: 'wallet_mismatch' })
  expect((await accept(token, wallet)).member.account).toBe(wallet)
})

test('an invitation that is unknown, revoked, expired or of a closed org lets nobody in', async () => {
  const { db, desk, org, owner, invite, accept } = await startInviting()
  const account = await openWallet(db)
  await expect(accept(`gwi_${'A'.repeat(43)}`, account)).rejects.toMatchObject(NOT_FOUND)
  await expect(accept('', account)).rejects.toMatchObject(NOT_FOUND)

  const revoked = await invite()
  const { id } = revoked.invitation
  expect((await desk.revokeInvitation({ org, by: owner, id }, ACTOR)).status).toBe('revoked')
  await expect(accept(revoked.token, account)).rejects.toMatchObject(NOT_FOUND)

  const expired = await invite()
  await sql`update org_invitations set expires_at = clock_timestamp() where id = ${expired.invitation.id}`.execute(db)
  await expect(accept(expired.token, account)).rejects.toMatchObject(NOT_FOUND)
  expect((await desk.revokeInvitation({ org, by: owner, id: expired.invitation.id }, ACTOR)).status).toBe('expired')

  const { token } = await invite()
  await desk.close({ org, by: owner }, ACTOR)
  await expect(accept(token, account)).rejects.toMatchObject(NOT_FOUND)
})

test('who loses the right to invite loses the invitations that were made by it', async () => {
  const { db, desk, org, owner, admin, invite, accept } = await startInviting()
  const other = await openWallet(db)
  const made = { byAdmin: await invite({ by: admin, role: 'viewer' }), byOwner: await invite() }
  await desk.removeMember({ org, by: owner, account: admin }, ACTOR)
  await expect(accept(made.byAdmin.token, admin)).rejects.toMatchObject(NOT_FOUND)
  expect((await accept(made.byOwner.token, other)).member.role).toBe('member')

  await desk.changeMember({ org, by: owner, account: other, role: 'owner' }, ACTOR)
  const admins = await invite({ by: other, role: 'admin' })
  const members = await invite({ by: other, role: 'member' })
  await desk.changeMember({ org, by: owner, account: other, role: 'admin' }, ACTOR)
  await expect(accept(admins.token, await openWallet(db))).rejects.toMatchObject(NOT_FOUND)
  expect((await accept(members.token, await openWallet(db))).member.role).toBe('member')
})

test('an org cannot be a member, and no invitation of another org can be revoked', async () => {
  const { db, desk, org, owner, invite, accept } = await startInviting()
  const { token, invitation } = await invite()
  const other = await startOrg(db, { owner: newWallet() })
  await expect(accept(token, other.id)).rejects.toMatchObject({ status: 403, code: 'org_as_member' })
  const { id: mine } = await startOrg(db, { owner })
  for (const id of [invitation.id, 'inv_aaaaaaaaaaaaaaaa', '', '\u0000']) {
    await expect(desk.revokeInvitation({ org: mine, by: owner, id }, ACTOR)).rejects.toMatchObject({
      status: 404,
      code: 'invitation_not_found',
    })
  }
  expect((await desk.invitations({ org, by: owner }, { limit: 10 }))?.rows[0]?.status).toBe('open')
})

test('of a token the store has no more than a hash', async () => {
  const { db, invite, accept } = await startInviting()
  const { token } = await invite()
  await accept(token, await openWallet(db))
  const { rows } = await sql<{ row: string }>`
    select row::text from org_invitations as row union all select row::text from audit_log as row`.execute(db)
  expect(rows.length).toBeGreaterThan(3)
  for (const { row } of rows) expect(row).not.toContain(token.slice(4))
})
