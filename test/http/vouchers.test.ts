import { randomBytes } from 'node:crypto'
import type { RequestHandler } from 'express'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Identity, OrgSeat, Role } from '../../src/accounts/identity.ts'
import { createVoucher } from '../../src/accounts/vouchers/create-voucher.ts'
import { createVoucherDesk } from '../../src/accounts/vouchers/create-voucher-desk.ts'
import { createBareApp, toListener } from '../../src/bare-app.ts'
import type { Database } from '../../src/db/database.ts'
import { listen } from '../../src/http/transport/listen.ts'
import { voucherRoutes } from '../../src/http/vouchers/voucher-routes.ts'
import { testDatabase } from '../support/database.ts'

let database: Database
let identity: Identity
let gateway: Awaited<ReturnType<typeof listen>>

beforeAll(async () => {
  database = await testDatabase()
  const authenticate: RequestHandler = (_req, res, next) => {
    res.locals.identity = identity
    next()
  }
  const app = createBareApp({ log: pino({ level: 'silent' }) })
  app.use(voucherRoutes({ vouchers: createVoucherDesk(database), authenticate }))
  gateway = await listen(toListener(app), { host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  await gateway?.close(AbortSignal.abort())
  await database?.close()
})

const newWallet = () => `0x${randomBytes(20).toString('hex')}`
const ORG = 'org_0123456789abcdef'

function seatOf(role: Role): OrgSeat {
  return { id: ORG, slug: 'acme', role, creditsPerDay: undefined, creditsPerMonth: undefined }
}

function identityOf(account: string, org?: OrgSeat): Identity {
  const key = { id: 'key_0123456789abcdef', name: 'mine' }
  return { caller: account, credential: 'key', account, wallet: account, key, org, payers: [account], scopes: {} }
}

async function makeCode(amount = 1_250_000n, maxUses = 1) {
  return (await createVoucher(database.db, { amount, maxUses }, { id: 'admin', via: 'cli' })).code
}

async function redeem(as: Identity, body: unknown) {
  identity = as
  const response = await fetch(`${gateway.url}/v1/account/vouchers`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

test('a code becomes credits of the caller, in exact decimals', async () => {
  const wallet = newWallet()
  expect(await redeem(identityOf(wallet), { code: await makeCode() })).toEqual({
    status: 200,
    body: { object: 'voucher.redemption', account: wallet, amount: '1.25', balance: '1.25' },
  })
  const second = await redeem(identityOf(wallet), { code: await makeCode(1n) })
  expect(second.body).toMatchObject({ amount: '0.000001', balance: '1.250001' })
})

test('twice is a 409 that no SDK sends again', async () => {
  const wallet = newWallet()
  const code = await makeCode(1n, 2)
  await redeem(identityOf(wallet), { code })
  const { status, body } = await redeem(identityOf(wallet), { code })
  expect(status).toBe(409)
  expect(body.error).toEqual({
    message: 'This account has redeemed the voucher before.',
    type: 'conflict_error',
    param: 'code',
    code: 'voucher_used',
  })
})

test('a wrong code is a 404', async () => {
  const { status, body } = await redeem(identityOf(newWallet()), { code: 'gwv_nothing' })
  expect([status, body.error]).toMatchObject([404, { code: 'voucher_not_found', param: 'code' }])
})

test.each(['owner', 'admin', 'member'] as const)(
  'for an org, an %s redeems into the account of the org',
  async (role) => {
    const wallet = newWallet()
    const { status, body } = await redeem(identityOf(wallet, seatOf(role)), { code: await makeCode() })
    expect([status, body.account]).toEqual([200, ORG])
    const rows = await database.db
      .selectFrom('audit_log')
      .select(['actor', 'subject', 'org_id'])
      .where('actor', '=', wallet)
      .execute()
    expect(rows).toEqual([{ actor: wallet, subject: ORG, org_id: ORG }])
  },
)

test('a viewer of an org redeems nothing for it', async () => {
  const code = await makeCode()
  const { status, body } = await redeem(identityOf(newWallet(), seatOf('viewer')), { code })
  expect([status, body.error]).toMatchObject([403, { type: 'permission_error' }])
  expect((await redeem(identityOf(newWallet()), { code })).status).toBe(200)
})

test('who only claims to be somebody redeems nothing', async () => {
  const claim: Identity = { ...identityOf(newWallet()), credential: 'claim', account: undefined, payers: [] }
  expect((await redeem(claim, { code: await makeCode() })).status).toBe(401)
})

test.each<[unknown, string]>([
  [{}, 'code'],
  [{ code: 1 }, 'code'],
  [{ code: '' }, 'code'],
  [{ code: 'a'.repeat(101) }, 'code'],
  [{ code: 'gwv_1', amount: '5' }, 'amount'],
])('a body that is no code is a 400: %j', async (body, param) => {
  expect(await redeem(identityOf(newWallet()), body)).toMatchObject({ status: 400, body: { error: { param } } })
})
