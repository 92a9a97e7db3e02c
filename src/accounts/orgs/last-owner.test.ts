import fc from 'fast-check'
import { expect, test } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { ACTOR, auditedActions, newWallet, startOrg } from '../../../test/support/orgs.ts'
import type { Database } from '../../db/database.ts'
import { ROLES, type Role } from '../identity.ts'
import { createOrgDesk } from './create-org-desk.ts'
import { managedBy } from './roles.ts'

test('the last owner can neither leave, nor be removed, nor be demoted', async () => {
  const database = await testDatabase()
  const { db } = database
  const desk = createOrgDesk(database)
  const [by, member] = [newWallet(), newWallet()]
  const { id: org } = await startOrg(db, { owner: by, also: [[member, 'member']] })
  const lastOwner = { status: 409, code: 'last_owner' }
  await expect(desk.removeMember({ org, by, account: by }, ACTOR)).rejects.toMatchObject(lastOwner)
  for (const role of ['admin', 'member', 'viewer'] as const) {
    await expect(desk.changeMember({ org, by, account: by, role }, ACTOR)).rejects.toMatchObject(lastOwner)
  }
  expect(await rolesOf(database, org)).toEqual({ [by]: 'owner', [member]: 'member' })
  expect(await auditedActions(db, org)).toEqual(['org.created'])
  await desk.changeMember({ org, by, account: member, role: 'owner' }, ACTOR)
  await desk.removeMember({ org, by, account: by }, ACTOR)
  expect(await rolesOf(database, org)).toEqual({ [member]: 'owner' })
})

test('owners who all step down at once leave one who does not', async () => {
  const database = await testDatabase()
  const desk = createOrgDesk(database)
  for (let round = 0; round < 5; round++) {
    const owners = Array.from({ length: 6 }, newWallet)
    const { id: org } = await startOrg(database.db, {
      owner: owners[0] ?? '',
      also: owners.slice(1).map((account) => [account, 'owner'] as const),
    })
    const outcomes = await Promise.allSettled(
      owners.map((by, i) =>
        i % 2 === 0
          ? desk.changeMember({ org, by, account: by, role: 'viewer' }, ACTOR)
          : desk.removeMember({ org, by, account: by }, ACTOR),
      ),
    )
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    expect(refused).toEqual([expect.objectContaining({ status: 409, code: 'last_owner' })])
    expect(Object.values(await rolesOf(database, org)).filter((role) => role === 'owner')).toHaveLength(1)
  }
})

type Step = { by: number; target: number; role: Role | 'gone' }
const CREW = 5
const anyStep: fc.Arbitrary<Step> = fc.record({
  by: fc.nat(CREW - 1),
  target: fc.nat(CREW - 1),
  role: fc.constantFrom(...ROLES, 'gone' as const),
})
const someSteps = fc.array(anyStep, { minLength: 1, maxLength: 12 })
const someRoles = fc.array(fc.constantFrom(...ROLES), { minLength: CREW - 1, maxLength: CREW - 1 })

test('whoever changes whom, one after the other, it goes as the roles say', async () => {
  const database = await testDatabase()
  await fc.assert(
    fc.asyncProperty(someRoles, someSteps, async (roles, steps) => {
      const { org, crew, take } = await startCrew(database, roles)
      const expected = new Map(crew.map((account, i) => [account, (['owner', ...roles] as const)[i]]))
      for (const { by, target, role } of steps) {
        const [actor = '', account = ''] = [crew[by], crew[target]]
        const outcome = expectedOf(expected, actor, account, role)
        expect(await take({ by, target, role })).toBe(outcome)
        if (outcome !== 'done') continue
        if (role === 'gone') expected.delete(account)
        else expected.set(account, role)
      }
      expect(await rolesOf(database, org)).toEqual(Object.fromEntries(expected))
    }),
    { numRuns: 15 },
  )
})

async function startCrew(database: Database, roles: readonly Role[]) {
  const desk = createOrgDesk(database)
  const crew = Array.from({ length: CREW }, newWallet)
  const [owner = '', ...others] = crew
  const also = others.map((account, i) => [account, roles[i] ?? 'viewer'] as const)
  const { id: org } = await startOrg(database.db, { owner, also })
  const take = ({ by: actor, target, role }: Step): Promise<string> => {
    const order = { org, by: crew[actor] ?? '', account: crew[target] ?? '' }
    const done: Promise<unknown> =
      role === 'gone' ? desk.removeMember(order, ACTOR) : desk.changeMember({ ...order, role }, ACTOR)
    return done.then(
      () => 'done',
      ({ code }: { code: string }) => code,
    )
  }
  return { org, crew, take }
}

/** What has to come of it, by the rules as they are told to people. */
function expectedOf(roles: Map<string, Role | undefined>, by: string, target: string, to: Role | 'gone'): string {
  const own = roles.get(by)
  const was = roles.get(target)
  if (own === undefined) return 'org_not_found'
  const isLeaving = by === target && to === 'gone'
  if (!isLeaving && (own === 'member' || own === 'viewer')) return 'role_too_low'
  if (was === undefined) return 'member_not_found'
  const touched = to === 'gone' ? [was] : [was, to]
  if (!isLeaving && !touched.every((role) => managedBy(own).includes(role))) return 'role_too_low'
  const owners = [...roles.values()].filter((role) => role === 'owner').length
  return was === 'owner' && to !== 'owner' && owners === 1 ? 'last_owner' : 'done'
}

async function rolesOf({ db }: Database, org: string): Promise<Record<string, Role>> {
  const rows = await db.selectFrom('org_members').select(['account', 'role']).where('org_id', '=', org).execute()
  return Object.fromEntries(rows.map(({ account, role }) => [account, role]))
}
