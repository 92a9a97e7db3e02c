import { beforeAll, expect, test } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { ACTOR, newWallet, openWallet, startOrg } from '../../../test/support/orgs.ts'
import type { Database } from '../../db/database.ts'
import { ROLES, type Role } from '../identity.ts'
import { createOrgDesk, type OrgDesk } from './create-org-desk.ts'

const ALL = ROLES
const WHO = [...ROLES, 'outsider'] as const
type Who = (typeof WHO)[number]

/** An org with one of each role beside whoever acts. */
type Scene = { desk: OrgDesk; org: string; by: string; others: Record<Role, string> }
type Deed = (scene: Scene) => Promise<unknown>

const setRole =
  (from: Role, to: Role): Deed =>
  ({ desk, org, by, others }) =>
    desk.changeMember({ org, by, account: others[from], role: to }, ACTOR)
const setCeiling =
  (target: Role): Deed =>
  ({ desk, org, by, others }) =>
    desk.changeMember({ org, by, account: others[target], creditsPerDay: 1n }, ACTOR)
const remove =
  (target: Role): Deed =>
  ({ desk, org, by, others }) =>
    desk.removeMember({ org, by, account: others[target] }, ACTOR)
const inviteBy = ({ desk, org }: Scene, by: string, role: Role) =>
  desk.invite({ org, by, role, creditsPerDay: null, creditsPerMonth: null, ttlSec: 60 }, ACTOR)
const invite =
  (role: Role): Deed =>
  (scene) =>
    inviteBy(scene, scene.by, role)
const revoke =
  (role: Role): Deed =>
  async (scene) => {
    const { desk, org, by, others } = scene
    const { rows } = (await desk.invitations({ org, by: others.owner }, { limit: 10 })) ?? expect.fail()
    const { id } = rows.find((row) => row.role === role) ?? (await inviteBy(scene, others.owner, role)).invitation
    return desk.revokeInvitation({ org, by, id }, ACTOR)
  }

const MANAGERS: readonly Role[] = ['owner', 'admin']
const OWNERS: readonly Role[] = ['owner']

const DEEDS: readonly (readonly [string, readonly Role[], Deed])[] = [
  ['see the org', ALL, ({ desk, org, by }) => desk.find({ org, by })],
  ['see its members', ALL, ({ desk, org, by }) => desk.members({ org, by }, { limit: 10 })],
  ['see its invitations', MANAGERS, ({ desk, org, by }) => desk.invitations({ org, by }, { limit: 10 })],
  ['see its audit log', MANAGERS, ({ desk, org, by }) => desk.audit({ org, by }, { limit: 10 })],
  ['rename it', OWNERS, ({ desk, org, by }) => desk.rename({ org, by, name: 'Other' }, ACTOR)],
  ['close it', OWNERS, ({ desk, org, by, others }) => desk.close({ org, by, moveTo: others.owner }, ACTOR)],
  ['give it credits', ['owner', 'admin', 'member'], ({ desk, org, by }) => desk.moveIn({ org, by, amount: 1n }, ACTOR)],
  ['take credits out', OWNERS, ({ desk, org, by }) => desk.moveOut({ org, by, amount: 1n }, ACTOR)],
  ['leave', ALL, ({ desk, org, by }) => desk.removeMember({ org, by, account: by }, ACTOR)],
  ['raise itself', OWNERS, ({ desk, org, by }) => desk.changeMember({ org, by, account: by, role: 'owner' }, ACTOR)],
  [
    'lift its own ceiling',
    OWNERS,
    ({ desk, org, by }) => desk.changeMember({ org, by, account: by, creditsPerDay: null }, ACTOR),
  ],
  ['invite an owner', OWNERS, invite('owner')],
  ['invite an admin', OWNERS, invite('admin')],
  ['invite a member', MANAGERS, invite('member')],
  ['invite a viewer', MANAGERS, invite('viewer')],
  ['revoke the invitation of an owner', OWNERS, revoke('owner')],
  ['revoke the invitation of an admin', OWNERS, revoke('admin')],
  ['revoke the invitation of a member', MANAGERS, revoke('member')],
  ['revoke the invitation of a viewer', MANAGERS, revoke('viewer')],
  ['make an owner a member', OWNERS, setRole('owner', 'member')],
  ['make an admin a member', OWNERS, setRole('admin', 'member')],
  ['make a member an owner', OWNERS, setRole('member', 'owner')],
  ['make a member an admin', OWNERS, setRole('member', 'admin')],
  ['make a member a viewer', MANAGERS, setRole('member', 'viewer')],
  ['make a viewer a member', MANAGERS, setRole('viewer', 'member')],
  ['set the ceiling of an owner', OWNERS, setCeiling('owner')],
  ['set the ceiling of an admin', OWNERS, setCeiling('admin')],
  ['set the ceiling of a member', MANAGERS, setCeiling('member')],
  ['set the ceiling of a viewer', MANAGERS, setCeiling('viewer')],
  ['remove an owner', OWNERS, remove('owner')],
  ['remove an admin', OWNERS, remove('admin')],
  ['remove a member', MANAGERS, remove('member')],
  ['remove a viewer', MANAGERS, remove('viewer')],
]

let database: Database
beforeAll(async () => {
  database = await testDatabase()
  return () => database.close()
})

test.each(DEEDS)('to %s is for each of %j', async (_, allowed, deed) => {
  await Promise.all(allowed.map(async (role) => deed(await setScene(role))))
})

test.each(WHO)('all else is refused to one who is %s, and changes nothing', async (who) => {
  const scene = await setScene(who)
  for (const role of ROLES) await inviteBy(scene, scene.others.owner, role)
  const before = await stateOf(scene)
  const refused = DEEDS.filter(([, allowed]) => who === 'outsider' || !allowed.includes(who))
  const outcomes = []
  for (const [name, , deed] of refused) outcomes.push([name, await outcomeOf(deed(scene))])
  const refusal = who === 'outsider' ? '404 org_not_found' : '403 role_too_low'
  expect(outcomes).toEqual(refused.map(([name]) => [name, refusal]))
  expect(await stateOf(scene)).toEqual(before)
})

async function setScene(who: Who): Promise<Scene> {
  const { db } = database
  const desk = createOrgDesk(database)
  const by = await openWallet(db, { credits: 1n })
  const others = { owner: newWallet(), admin: newWallet(), member: newWallet(), viewer: newWallet() }
  const crew = ROLES.map((role) => [others[role], role] as const)
  const also = who === 'outsider' ? crew : [...crew, [by, who] as const]
  const { id: org } = await startOrg(db, { owner: newWallet(), also, credits: 1n })
  return { desk, org, by, others }
}

async function outcomeOf(deed: Promise<unknown>): Promise<string> {
  return deed.then(
    () => 'done',
    ({ status, code }: { status: number; code: string }) => `${status} ${code}`,
  )
}

async function stateOf({ desk, org, others: { owner: by } }: Scene) {
  return Promise.all([
    desk.find({ org, by }),
    desk.members({ org, by }, { limit: 10 }),
    desk.invitations({ org, by }, { limit: 10 }),
    desk.audit({ org, by }, { limit: 100 }),
  ])
}
