import { expect, test } from 'vitest'
import { z } from 'zod'
import { moveToOrg } from '../../src/accounts/orgs/move-org-credits.ts'
import { ACCOUNT, CLAIMED_ACCOUNT, ENTRY_LIST, HOLD_LIST } from '../../src/http/openapi/account-examples.ts'
import { Account, EntryList, HoldList } from '../../src/http/openapi/account-schemas.ts'
import { type BillDeskOnTheWire, startBillDesk } from '../support/bill-desk.ts'
import { toBearer } from '../support/identity-desk.ts'
import { TERMS } from '../support/ledger-orders.ts'
import { ACTOR, newWallet, startOrg } from '../support/orgs.ts'

const TREASURY = `0x${'7'.repeat(40)}`
const DAY = 'credits_per_day'

test('a signed-in wallet sees its balance, what is held of it, and how it may be topped up', async () => {
  const desk = await startBillDesk({ topUpWays: { x402: true, deposit: { address: TREASURY, chains: ['base'] } } })
  const wallet = newWallet()
  const { bearer } = await desk.signIn(wallet)
  await desk.grant(wallet, 1_250_000n)
  await desk.hold({ payers: [wallet], caller: wallet, amount: 250_001n })
  const response = await fetch(`${desk.url}/v1/account`, { headers: bearer })
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(await response.json()).toEqual({
    object: 'account',
    id: wallet,
    kind: 'wallet',
    wallet,
    caller: wallet,
    mode: 'paid',
    balance: '1.25',
    held: '0.250001',
    available: '0.999999',
    org: null,
    key: null,
    top_up: { x402: true, deposit: { address: TREASURY, chains: ['base'] }, vouchers: true },
  })
})

test('who has no wallet is offered no deposit, which would go to the wallet that sends it', async () => {
  const desk = await startBillDesk({ topUpWays: { x402: false, deposit: { address: TREASURY, chains: ['base'] } } })
  const { bearer, key } = await desk.makeKey({ account: 'acct_aaaaaaaaaaaaaaaa', name: 'laptop' })
  const { body } = await desk.ask('GET', '/v1/account', bearer)
  expect(body).toMatchObject({ id: 'acct_aaaaaaaaaaaaaaaa', kind: 'account', wallet: null, balance: '0' })
  expect(body.top_up).toEqual({ x402: false, deposit: null, vouchers: true })
  expect(body.key).toEqual({ id: key.id, name: 'laptop', budgets: { credits_per_day: null, credits_per_month: null } })
})

test('a key in the place of another, which will expire as that did, is told what any other is', async () => {
  const desk = await startBillDesk()
  const expiry = { atSec: 4_102_444_800 }
  const { key, bearer } = await desk.makeKey({ name: 'laptop', account: newWallet(), scopes: { manage: true }, expiry })
  const { body: next } = await desk.ask('POST', `/v1/keys/${key.id}/rotate`, bearer, {})
  const { body } = await desk.ask('GET', '/v1/account', toBearer(next.secret))
  expect(body.key).toEqual({ id: next.id, name: 'laptop', budgets: { credits_per_day: null, credits_per_month: null } })
})

test('a key sees what is spent and held of its budgets, and nothing left of one that was lowered below that', async () => {
  const desk = await startBillDesk()
  const account = newWallet()
  const scopes = { creditsPerDay: 100n, creditsPerMonth: 1_000n }
  const { bearer, key } = await desk.makeKey({ account, scopes })
  await desk.grant(account, 1_000n)
  const counted = { subject: `key:${key.id}`, of: 'This key', unit: 'credits', limit: 1_000n } as const
  const order = {
    payers: [account],
    caller: account,
    keyId: key.id,
    ceilings: [
      { ...counted, period: 'day' },
      { ...counted, period: 'month' },
    ],
  } as const
  await desk.run(order)
  await desk.hold({ ...order, amount: 20n })
  const budgetsOf = async () => (await desk.ask('GET', '/v1/account', bearer)).body.key.budgets
  expect(await budgetsOf()).toEqual({
    credits_per_day: { limit: '0.0001', used: '0.00005', available: '0.00005' },
    credits_per_month: { limit: '0.001', used: '0.00005', available: '0.00095' },
  })
  await desk.hold({ ...order, amount: 90n })
  expect((await budgetsOf())[DAY]).toEqual({ limit: '0.0001', used: '0.00014', available: '0' })
})

test('the org that a request is charged to is told with it: by header, or by the binding of the key', async () => {
  const desk = await startBillDesk()
  const [owner, member] = [newWallet(), newWallet()]
  const org = await startOrg(desk.database.db, { owner, also: [[member, 'member']], credits: 2n })
  await desk.database.db
    .updateTable('org_members')
    .set({ credits_per_day: 60n })
    .where('account', '=', member)
    .execute()
  const ceiling = { subject: `member:${org.id}:${member}`, of: 'You', unit: 'credits', limit: 60n } as const
  await desk.run({
    payers: [org.id],
    caller: member,
    amount: 30n,
    ceilings: [{ ...ceiling, period: 'day', payer: org.id }],
  })
  const { bearer } = await desk.signIn(member)
  const told = {
    id: org.id,
    slug: org.slug,
    role: 'member',
    balance: '1.99997',
    held: '0',
    available: '1.99997',
    budgets: { credits_per_day: { limit: '0.00006', used: '0.00003', available: '0.00003' }, credits_per_month: null },
  }
  expect((await desk.ask('GET', '/v1/account', bearer)).body.org).toBeNull()
  const named = await desk.ask('GET', '/v1/account', { ...bearer, 'x-org-slug': org.slug })
  expect(named.body).toMatchObject({ id: member, balance: '0', org: told })
  const bound = await desk.makeKey({ account: member, orgId: org.id })
  expect((await desk.ask('GET', '/v1/account', bound.bearer)).body.org).toEqual(told)
})

test('in free mode a claim has no balance, and sees nothing of the account of whom it claims to be', async () => {
  const desk = await startBillDesk({ freeMode: true })
  const wallet = newWallet()
  const { bearer } = await desk.signIn(wallet)
  await desk.grant(wallet, 5n)
  const claim = { 'x-wallet-address': wallet }
  const { body } = await desk.ask('GET', '/v1/account', claim)
  expect(body).toEqual({ ...CLAIMED_ACCOUNT, wallet, caller: wallet })
  expect((await desk.ask('GET', '/v1/account', { authorization: 'Bearer any' })).body).toMatchObject({
    mode: 'free',
    caller: expect.stringMatching(/^key_[0-9a-f]{12}$/),
    wallet: null,
    balance: null,
  })
  expect((await desk.ask('GET', '/v1/account', bearer)).body).toMatchObject({ mode: 'free', balance: '0.000005' })
  for (const path of ['entries', 'holds']) {
    const reply = await desk.ask('GET', `/v1/account/${path}`, claim)
    expect(reply).toMatchObject({ status: 401, body: { error: { code: 'missing_api_key' } } })
  }
})

test('without a credential it is a 401, and of an unknown query a 400', async () => {
  const desk = await startBillDesk()
  const { bearer } = await desk.signIn(newWallet())
  for (const path of ['/v1/account', '/v1/account/entries', '/v1/account/holds']) {
    expect((await desk.ask('GET', path)).status).toBe(401)
    const reply = await desk.ask('GET', `${path}?page=1`, bearer)
    expect(reply).toMatchObject({ status: 400, body: { error: { param: 'page', code: 'unknown_parameter' } } })
    expect((await desk.ask('POST', path, bearer, {})).status).toBe(405)
  }
})

test('the bill has each charge with what it was for, and each top-up with where it came from, the latest first', async () => {
  const desk = await startBillDesk()
  const account = newWallet()
  const { bearer, key } = await desk.makeKey({ account })
  await desk.grant(account, 100n, 'welcome')
  const runId = await desk.run(
    { payers: [account], caller: account, keyId: key.id, terms: { ...TERMS, toolPrices: { balance: 5n } } },
    { usage: { promptTokens: 10, completionTokens: 20, cachedTokens: 4 }, tools: { balance: 2 }, isEstimated: true },
  )
  const { body } = await desk.ask('GET', '/v1/account/entries', bearer)
  const [charge, grant] = body.data
  expect(charge).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    object: 'entry',
    kind: 'charge',
    amount: '-0.00004',
    balance: '0.00006',
    run_id: runId,
    ref: null,
    counterparty: null,
    note: null,
    caller: account,
    key_id: key.id,
    model: 'operator',
    usage: {
      prompt_tokens: 10,
      cached_tokens: 4,
      completion_tokens: 20,
      tools: [{ name: 'balance', calls: 2, amount: '0.00001' }],
      written_off: '0',
      is_estimated: true,
    },
    created_at: expect.any(Number),
  })
  expect(grant).toEqual({
    ...charge,
    id: expect.any(String),
    kind: 'grant',
    amount: '0.0001',
    balance: '0.0001',
    run_id: null,
    ref: expect.any(String),
    note: 'welcome',
    caller: null,
    key_id: null,
    model: null,
    usage: null,
    created_at: expect.any(Number),
  })
  expect(body).toMatchObject({ object: 'list', has_more: false, first_id: charge.id, last_id: grant.id })
})

test('the bill comes page by page, and the sum of all its amounts is the balance', async () => {
  const desk = await startBillDesk()
  const account = newWallet()
  const { bearer } = await desk.makeKey({ account })
  await desk.grant(account, 1_000n)
  for (let count = 0; count < 4; count++) await desk.run({ payers: [account], caller: account })
  const pages = await pagesOf(desk, '/v1/account/entries?limit=2', bearer)
  expect(pages.map(({ length }) => length)).toEqual([2, 2, 1])
  const amounts = pages.flat().map(({ amount }) => Math.round(Number(amount) * 1e6))
  expect(amounts).toEqual([-30, -30, -30, -30, 1_000])
  expect(pages[0]?.[0]).toMatchObject({ balance: '0.00088' })
})

test('a page goes on from an entry of the same account only', async () => {
  const desk = await startBillDesk()
  const [mine, other] = [newWallet(), newWallet()]
  const { bearer } = await desk.signIn(mine)
  const { bearer: others } = await desk.signIn(other)
  await desk.grant(mine, 1n)
  await desk.grant(other, 1n)
  const { body } = await desk.ask('GET', '/v1/account/entries', others)
  for (const after of [body.first_id, 'nonsense', '00000000-0000-0000-0000-000000000000', '%00', "'"]) {
    const reply = await desk.ask('GET', `/v1/account/entries?after=${after}`, bearer)
    expect(reply, after).toMatchObject({ status: 400, body: { error: { param: 'after' } } })
  }
  for (const limit of ['0', '101', 'x']) {
    expect((await desk.ask('GET', `/v1/account/entries?limit=${limit}`, bearer)).status).toBe(400)
  }
})

test("an org's bill is for its owners and admins, and says who gave", async () => {
  const desk = await startBillDesk()
  const roles = { owner: newWallet(), admin: newWallet(), member: newWallet(), viewer: newWallet() }
  const { owner, admin, member, viewer } = roles
  const org = await startOrg(desk.database.db, {
    owner,
    also: [
      [admin, 'admin'],
      [member, 'member'],
      [viewer, 'viewer'],
    ],
  })
  await desk.grant(member, 40n)
  await moveToOrg(desk.database.db, { org: org.id, by: member, amount: 40n, id: 'one' }, ACTOR)
  await desk.run({ payers: [org.id], caller: member, amount: 30n })
  for (const account of [owner, admin]) {
    const { bearer } = await desk.signIn(account)
    const { body } = await desk.ask('GET', `/v1/account/entries?org=${org.slug}`, bearer)
    expect(body.data).toMatchObject([
      { kind: 'charge', amount: '-0.00003', balance: '0.00001', caller: member },
      { kind: 'move', amount: '0.00004', balance: '0.00004', counterparty: member },
    ])
  }
  for (const account of [member, viewer]) {
    const { bearer } = await desk.signIn(account)
    const reply = await desk.ask('GET', `/v1/account/entries?org=${org.id}`, bearer)
    expect(reply).toMatchObject({ status: 403, body: { error: { code: 'role_too_low' } } })
  }
  const { bearer } = await desk.signIn(member)
  expect((await desk.ask('GET', '/v1/account/entries', bearer)).body.data[0]).toMatchObject({
    kind: 'move',
    amount: '-0.00004',
    counterparty: org.id,
  })
})

test('to a stranger, and to a key that is confined to other orgs, there is no such org', async () => {
  const desk = await startBillDesk()
  const owner = newWallet()
  const org = await startOrg(desk.database.db, { owner })
  const stranger = await desk.signIn(newWallet())
  const confined = await desk.makeKey({ account: owner, scopes: { orgs: ['org_aaaaaaaaaaaaaaaa'] } })
  for (const { bearer } of [stranger, confined]) {
    for (const path of ['/v1/account/entries', '/v1/account/holds', '/v1/usage']) {
      const reply = await desk.ask('GET', `${path}?org=${org.id}`, bearer)
      expect(reply, path).toMatchObject({ status: 404, body: { error: { code: 'org_not_found', param: 'org' } } })
    }
  }
})

test('a key of the org itself sees all of the org, by its name too', async () => {
  const desk = await startBillDesk()
  const [owner, member] = [newWallet(), newWallet()]
  const org = await startOrg(desk.database.db, { owner, also: [[member, 'member']], credits: 1n })
  const { bearer } = await desk.makeKey({ account: org.id, orgId: org.id })
  await desk.run({ payers: [org.id], caller: member })
  for (const query of ['', `?org=${org.slug}`, `?org=${org.id}`]) {
    const { body } = await desk.ask('GET', `/v1/account/entries${query}`, bearer)
    expect(body.data, query).toHaveLength(2)
  }
  expect((await desk.ask('GET', `/v1/usage?org=${org.id}`, bearer)).body.total.runs).toBe(1)
})

test('holds are those of runs that have not ended, the latest first, page by page', async () => {
  const desk = await startBillDesk()
  const account = newWallet()
  const { bearer, key } = await desk.makeKey({ account })
  await desk.grant(account, 1_000n)
  await desk.run({ payers: [account], caller: account })
  const ids: string[] = []
  for (let count = 0; count < 3; count++) {
    ids.unshift(await desk.hold({ payers: [account], caller: account, keyId: key.id }))
  }
  const { body } = await desk.ask('GET', '/v1/account/holds', bearer)
  expect(body.data.map(({ id }: { id: string }) => id)).toEqual(ids)
  expect(body.data[0]).toEqual({
    id: ids[0],
    object: 'hold',
    amount: '0.0001',
    caller: account,
    key_id: key.id,
    model: 'operator',
    created_at: expect.any(Number),
    expires_at: body.data[0].created_at + 600,
  })
  const first = await desk.ask('GET', '/v1/account/holds?limit=1', bearer)
  await desk.ledger.settle(ids[0] ?? '', {
    usage: { promptTokens: 1, completionTokens: 1 },
    tools: {},
    steps: 1,
    outcome: 'completed',
    isEstimated: false,
  })
  const next = await desk.ask('GET', `/v1/account/holds?after=${first.body.last_id}`, bearer)
  expect(next.body.data.map(({ id }: { id: string }) => id)).toEqual(ids.slice(1))
  expect((await desk.ask('GET', '/v1/account/holds?after=run_x', bearer)).status).toBe(400)
})

test("a member sees what is held of an org's credits for its own runs, a viewer all", async () => {
  const desk = await startBillDesk()
  const [owner, member, viewer] = [newWallet(), newWallet(), newWallet()]
  const org = await startOrg(desk.database.db, {
    owner,
    credits: 1n,
    also: [
      [member, 'member'],
      [viewer, 'viewer'],
    ],
  })
  const ofMember = await desk.hold({ payers: [org.id], caller: member })
  const ofOwner = await desk.hold({ payers: [org.id], caller: owner })
  const seenBy = async (account: string) => {
    const { bearer } = await desk.signIn(account)
    const { body } = await desk.ask('GET', `/v1/account/holds?org=${org.id}`, bearer)
    return body.data.map(({ id }: { id: string }) => id)
  }
  expect(await seenBy(member)).toEqual([ofMember])
  expect(await seenBy(viewer)).toEqual([ofOwner, ofMember])
  expect(await seenBy(owner)).toEqual([ofOwner, ofMember])
})

test('while the store is away each is a 503', async () => {
  const desk = await startBillDesk()
  const { bearer } = await desk.signIn(newWallet())
  await desk.ask('GET', '/v1/account', bearer)
  await desk.database.close()
  for (const path of ['/v1/account', '/v1/account/entries', '/v1/account/holds', '/v1/usage']) {
    const reply = await desk.ask('GET', path, bearer)
    expect(reply, path).toMatchObject({ status: 503, body: { error: { code: 'store_unavailable' } } })
  }
})

test('what is answered, and what the document shows, fits the schemas of the document', async () => {
  const desk = await startBillDesk({ topUpWays: { x402: true, deposit: { address: TREASURY, chains: ['base'] } } })
  const account = newWallet()
  const org = await startOrg(desk.database.db, { owner: account, credits: 1n })
  const { bearer } = await desk.makeKey({ account, orgId: org.id, scopes: { creditsPerDay: 5n } })
  await desk.grant(account, 100n)
  await desk.run({ payers: [account], caller: account }, { tools: { transaction_count: 1 } })
  await desk.hold({ payers: [account], caller: account, amount: 5n })
  const fits = async (schema: z.ZodObject, path: string, example: unknown) => {
    const { body } = await desk.ask('GET', path, bearer)
    for (const value of [body, example]) expect(z.strictObject(schema.shape).parse(value)).toEqual(value)
  }
  await fits(Account, '/v1/account', ACCOUNT)
  await fits(EntryList, '/v1/account/entries', ENTRY_LIST)
  await fits(HoldList, '/v1/account/holds', HOLD_LIST)
  expect(Account.parse(CLAIMED_ACCOUNT)).toEqual(CLAIMED_ACCOUNT)
})

async function pagesOf(desk: BillDeskOnTheWire, path: string, bearer: Record<string, string>) {
  const pages: { id: string; amount: string; balance: string }[][] = []
  let after = ''
  for (let hasMore = true; hasMore; ) {
    const { body } = await desk.ask('GET', `${path}${after}`, bearer)
    pages.push(body.data)
    hasMore = body.has_more
    after = `&after=${body.last_id}`
  }
  return pages
}
