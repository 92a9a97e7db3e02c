import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { USAGE, USAGE_BY_KEY, USAGE_CSV } from '../../src/http/openapi/usage-examples.ts'
import { Usage } from '../../src/http/openapi/usage-schemas.ts'
import { type BillDeskOnTheWire, startBillDesk } from '../support/bill-desk.ts'
import { TERMS } from '../support/ledger-orders.ts'
import { newWallet, startOrg } from '../support/orgs.ts'

const ONE = { runs: 1, prompt_tokens: 10, completion_tokens: 20, charged: '0.00003' }
const HEAD = 'runs,prompt_tokens,cached_tokens,completion_tokens,tool_calls,charged,written_off,estimated_runs'

test('usage is that of the last 30 days, day by day, with its sum', async () => {
  const { desk, account, bearer } = await startCaller()
  await desk.run({ payers: [account], caller: account }, { isEstimated: true })
  await desk.run(
    { payers: [account], caller: account },
    { usage: { promptTokens: 5, completionTokens: 0, cachedTokens: 3 } },
  )
  const response = await fetch(`${desk.url}/v1/usage`, { headers: bearer })
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(response.headers.get('vary')).toMatch(/accept/i)
  const { from, to } = await lastDays(desk)
  const sum = {
    runs: 2,
    prompt_tokens: 15,
    cached_tokens: 3,
    completion_tokens: 20,
    tool_calls: 0,
    charged: '0.000035',
    written_off: '0',
    estimated_runs: 1,
  }
  expect(await response.json()).toEqual({
    object: 'usage',
    from,
    to,
    group_by: ['day'],
    org_id: null,
    total: sum,
    data: [{ day: to, ...sum }],
  })
})

test('usage is summed up by one thing or several: the rows say which', async () => {
  const { desk, account, bearer, key } = await startCaller()
  const terms = { ...TERMS, toolPrices: { balance: 5n } }
  await desk.run({ payers: [account], caller: account, keyId: key.id, terms }, { tools: { balance: 2 } })
  await desk.run({ payers: [account], caller: account, model: 'conductor' })
  const by = async (groups: string) => (await desk.ask('GET', `/v1/usage?group_by=${groups}`, bearer)).body
  expect((await by('none')).data).toMatchObject([{ runs: 2, charged: '0.00007' }])
  expect((await by('model')).data).toMatchObject([
    { model: 'operator', ...ONE, charged: '0.00004', tool_calls: 2 },
    { model: 'conductor', ...ONE },
  ])
  expect((await by('key')).data).toMatchObject([
    { key_id: key.id, key_name: 'laptop', charged: '0.00004' },
    { key_id: null, key_name: null, charged: '0.00003' },
  ])
  expect((await by('tool')).data).toMatchObject([
    { tool: null, runs: 2, tool_calls: 0, charged: '0.00006' },
    { tool: 'balance', runs: 1, tool_calls: 2, charged: '0.00001', prompt_tokens: 0 },
  ])
  const { group_by: groups, data, total } = await by('member,model,tool')
  expect(groups).toEqual(['member', 'model', 'tool'])
  expect(Object.keys(data[0]).slice(0, 4)).toEqual(['member', 'model', 'tool', 'runs'])
  expect(data).toHaveLength(3)
  expect(total).toMatchObject({ runs: 2, charged: '0.00007' })
})

test('what a caller used of the credits of an org is its own usage too; what others used is not', async () => {
  const { desk, account, bearer } = await startCaller()
  const other = newWallet()
  const org = await startOrg(desk.database.db, { owner: other, also: [[account, 'member']], credits: 1n })
  await desk.run({ payers: [org.id], caller: account })
  await desk.run({ payers: [org.id], caller: other })
  expect((await desk.ask('GET', '/v1/usage', bearer)).body).toMatchObject({ org_id: null, total: ONE })
})

test("an org's usage is for its owners, admins and viewers; a member sees its own", async () => {
  const desk = await startBillDesk()
  const [owner, admin, member, viewer] = [newWallet(), newWallet(), newWallet(), newWallet()]
  const org = await startOrg(desk.database.db, {
    owner,
    credits: 1n,
    also: [
      [admin, 'admin'],
      [member, 'member'],
      [viewer, 'viewer'],
    ],
  })
  await desk.grant(member, 100n)
  await desk.run({ payers: [org.id], caller: member })
  await desk.run({ payers: [org.id], caller: owner })
  await desk.run({ payers: [member], caller: member })
  const seenBy = async (account: string) => {
    const { bearer } = await desk.signIn(account)
    const { body } = await desk.ask('GET', `/v1/usage?org=${org.slug}&group_by=member`, bearer)
    expect(body.org_id).toBe(org.id)
    return body.data.map((row: { member: string; runs: number }) => [row.member, row.runs]).sort()
  }
  const all = [
    [owner, 1],
    [member, 1],
  ].sort()
  for (const account of [owner, admin, viewer]) expect(await seenBy(account)).toEqual(all)
  expect(await seenBy(member)).toEqual([[member, 1]])
})

test('in free mode a claim sees what it has used, by the name of the wallet, and nothing that the wallet has', async () => {
  const desk = await startBillDesk({ freeMode: true })
  const wallet = newWallet()
  const claim = { 'x-wallet-address': wallet }
  await desk.grant(await signedIn(desk, wallet), 100n)
  await desk.run({ payers: [wallet], caller: wallet })
  await addRun(desk, { run_id: 'run_free', caller: wallet, account: null, prompt_tokens: 5 })
  await addRun(desk, { run_id: 'run_claimed', caller: `claim:${wallet}`, account: null, prompt_tokens: 7 })
  const { body } = await desk.ask('GET', '/v1/usage?group_by=member', claim)
  expect(body.total).toMatchObject({ runs: 1, prompt_tokens: 7, charged: '0' })
  expect(body.data).toMatchObject([{ member: wallet, runs: 1 }])
  const csv = await fetch(`${desk.url}/v1/usage?group_by=member&format=csv`, { headers: claim })
  expect(await csv.text()).toBe(`member,${HEAD}\r\n${wallet},1,7,0,0,0,0,0,0\r\n`)
  expect((await desk.ask('GET', '/v1/usage?org=acme', claim)).status).toBe(401)
})

test.each([
  ['by format', '&format=csv', {}],
  ['by Accept', '', { accept: 'text/csv' }],
  ['by the first of what is accepted', '', { accept: 'text/csv, application/json;q=0.5' }],
  ['by format, whatever is accepted', '&format=csv', { accept: 'application/json' }],
])('usage comes as CSV %s', async (_, query, headers) => {
  const { desk, account, bearer, key } = await startCaller()
  await desk.run({ payers: [account], caller: account, keyId: key.id })
  const response = await fetch(`${desk.url}/v1/usage?group_by=day,key${query}`, { headers: { ...bearer, ...headers } })
  expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present')
  const { from, to } = await lastDays(desk)
  expect(response.headers.get('content-disposition')).toBe(`attachment; filename=usage-${from}-${to}.csv`)
  expect(await response.text()).toBe(
    `day,key_id,key_name,${HEAD}\r\n${to},${key.id},laptop,1,10,0,20,0,0.00003,0,0\r\n`,
  )
})

test.each(['*/*', 'application/json', 'text/html', 'application/json, text/csv'])(
  'usage comes as JSON to who accepts %s',
  async (accept) => {
    const { desk, bearer } = await startCaller()
    const response = await fetch(`${desk.url}/v1/usage`, { headers: { ...bearer, accept } })
    expect(await response.json()).toMatchObject({ object: 'usage', data: [] })
    const asked = await fetch(`${desk.url}/v1/usage?format=json`, { headers: { ...bearer, accept: 'text/csv' } })
    expect(await asked.json()).toMatchObject({ object: 'usage' })
  },
)

test('CSV without runs is its head, and what names hold is quoted and no formula', async () => {
  const { desk, account, bearer } = await startCaller()
  const csv = async (groups: string) =>
    (await fetch(`${desk.url}/v1/usage?format=csv&group_by=${groups}`, { headers: bearer })).text()
  expect(await csv('key')).toBe(`key_id,key_name,${HEAD}\r\n`)
  expect(await csv('none')).toBe(`${HEAD}\r\n0,0,0,0,0,0,0,0\r\n`)
  const { key } = await desk.makeKey({ account, name: '=cmd|"/c calc"!A1, b' })
  await desk.run({ payers: [account], caller: account, keyId: key.id, model: '@cf/model' })
  expect(await csv('key,model')).toBe(
    `key_id,key_name,model,${HEAD}\r\n${key.id},"'=cmd|""/c calc""!A1, b",'@cf/model,1,10,0,20,0,0.00003,0,0\r\n`,
  )
})

const MISTAKES = [
  ['from=2026-02-30', 'from'],
  ['from=2026-2-1', 'from'],
  ['to=2026-02-01T00:00:00%2B02:00', 'to'],
  ['to=2026-02-01Z', 'to'],
  ['to=yesterday', 'to'],
  ['to=', 'to'],
  ['to=1999-12-31', 'to'],
  ['from=2026-02-01&from=2026-02-02', 'from'],
  ['from=2026-02-02&to=2026-02-01', 'from'],
  ['from=2098-01-01', 'from'],
  ['from=2025-01-01&to=2026-01-02', 'from'],
  ['group_by=mood', 'group_by'],
  ['group_by=', 'group_by'],
  ['group_by=day,none', 'group_by'],
  ['group_by=day,model,day', 'group_by'],
  ['format=xml', 'format'],
  ['timezone=Europe/Berlin', 'timezone'],
]

test('what cannot be understood is a 400 that names the field', async () => {
  const { desk, bearer } = await startCaller()
  for (const [query, param] of MISTAKES) {
    const { status, body } = await desk.ask('GET', `/v1/usage?${query}`, bearer)
    expect([query, status]).toEqual([query, 400])
    expect(body.error, query).toMatchObject({ param, type: 'invalid_request_error', code: expect.any(String) })
    expect(body.error.message).toMatch(/^(Invalid|Unknown)/)
  }
})

test('a range of 366 days is a year that is a leap year', async () => {
  const { desk, bearer } = await startCaller()
  const { status, body } = await desk.ask('GET', '/v1/usage?from=2024-01-01&to=2024-12-31', bearer)
  expect(status).toBe(200)
  expect(body).toMatchObject({ from: '2024-01-01', to: '2024-12-31', data: [] })
})

test('usage of more rows than can be told is refused, rather than told in part', async () => {
  const { desk, account, bearer } = await startCaller()
  await sql`
    insert into run_usage (run_id, caller, model, outcome, steps, prompt_tokens, cached_tokens, completion_tokens, tools, amount,
      written_off, is_estimated)
    select 'run_' || n, ${account}, 'm' || n, 'completed', 1, 1, 0, 1, '[]', 0, 0, false from generate_series(1, 10001) n
  `.execute(desk.database.db)
  const { status, body } = await desk.ask('GET', '/v1/usage?group_by=model', bearer)
  expect(status).toBe(400)
  expect(body.error).toMatchObject({ code: 'too_many_rows', param: 'group_by' })
  expect((await desk.ask('GET', '/v1/usage', bearer)).body.total.runs).toBe(10_001)
})

test('what is answered, and what the document shows, fits the schema of the document', async () => {
  const { desk, account, bearer } = await startCaller()
  await desk.run({ payers: [account], caller: account }, { tools: { balance: 1 } })
  const strict = z.strictObject({ ...Usage.shape, data: z.array(z.strictObject(Usage.shape.data.element.shape)) })
  for (const groups of ['none', 'day', 'day,model,tool,key,member']) {
    const { body } = await desk.ask('GET', `/v1/usage?group_by=${groups}`, bearer)
    expect(strict.parse(body)).toEqual(body)
  }
  for (const example of [USAGE, USAGE_BY_KEY]) expect(strict.parse(example)).toEqual(example)
  expect(USAGE_CSV.split('\r\n')[0]).toBe(`day,model,${HEAD}`)
})

/** With a key named laptop, and some credits. */
async function startCaller() {
  const desk = await startBillDesk()
  const account = newWallet()
  const made = await desk.makeKey({ account, name: 'laptop' })
  await desk.grant(account, 1_000n)
  return { desk, account, ...made }
}

async function signedIn(desk: BillDeskOnTheWire, wallet: string): Promise<string> {
  await desk.signIn(wallet)
  return wallet
}

async function lastDays({ database }: BillDeskOnTheWire): Promise<{ from: string; to: string }> {
  const { rows } = await sql<{ from: string; to: string }>`
    select (today - 29)::text as "from", today::text as "to"
    from (select (clock_timestamp() at time zone 'UTC')::date as today) as clock`.execute(database.db)
  return rows[0] ?? expect.fail('no row')
}

async function addRun({ database }: BillDeskOnTheWire, row: Readonly<Record<string, unknown>>): Promise<void> {
  const all = { model: 'operator', outcome: 'completed', steps: 1, tools: '[]', amount: 0n, ...row }
  const zeros = { prompt_tokens: 0, cached_tokens: 0, completion_tokens: 0, written_off: 0n, is_estimated: false }
  await database.db
    .insertInto('run_usage')
    .values({ ...zeros, ...all } as never)
    .execute()
}
