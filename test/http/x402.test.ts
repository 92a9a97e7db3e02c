import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { FacilitatorMood } from '../support/scripted-facilitator.ts'
import { PAY_TO, PRICE, payer, toHeader, toReply, x402Shop } from '../support/x402-shop.ts'

const TOP_UP = '/v1/account/topups/x402'
const ANSWERS = '/v1/answers'

const RECIPIENT = 'invalid_exact_evm_payload_recipient_mismatch'
const VALUE = 'invalid_exact_evm_payload_authorization_value'
const BEFORE = 'invalid_exact_evm_payload_authorization_valid_before'
const AFTER = 'invalid_exact_evm_payload_authorization_valid_after'
const OTHER = `0x${'11'.repeat(20)}`
const MUCH = '1'.padEnd(78, '0')
const FORGED = `0x${'11'.repeat(65)}`

test('a top-up without a payment is a 402 that offers one, beside the error body that SDKs read', async () => {
  const gateway = await x402Shop()
  const account = await openAccount(gateway)
  const reply = await gateway.post(TOP_UP, { amount: '1.25' }, { account })
  expect(reply.status).toBe(402)
  expect(reply.body).toEqual({
    error: {
      message: expect.stringContaining('Pay 1.25 USDC'),
      type: 'insufficient_quota',
      param: null,
      code: 'payment_required',
    },
    details: 'amount: 1.25',
  })
  expect(reply.required).toEqual({
    x402Version: 2,
    resource: {
      url: 'https://gateway.example/v1/account/topups/x402',
      description: 'Credits for your account.',
      mimeType: 'application/json',
    },
    accepts: [
      {
        scheme: 'exact',
        network: 'eip155:8453',
        amount: '1250000',
        asset: '0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913',
        payTo: expect.stringMatching(new RegExp(PAY_TO, 'i')),
        maxTimeoutSeconds: 300,
        extra: { name: 'USD Coin', version: '2' },
      },
    ],
  })
  expect(reply.headers.get('cache-control')).toBe('no-store')
  expect(gateway.facilitator.requests).toEqual([])
})

test('the official client tops up an account, and hears by which transaction', async () => {
  const gateway = await x402Shop()
  const account = await openAccount(gateway)
  const wallet = payer()
  const response = await wallet.fetch(`${gateway.url}${TOP_UP}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-test-account': account },
    body: JSON.stringify({ amount: '5' }),
  })
  const reply = await toReply(response)
  const [transfer] = gateway.facilitator.transfers
  expect(reply.status).toBe(200)
  expect(reply.body).toEqual({
    object: 'account.topup',
    account,
    amount: '5',
    balance: '5',
    transaction: transfer?.txHash,
  })
  expect(reply.settled).toMatchObject({ success: true, transaction: transfer?.txHash, network: 'eip155:8453' })
  expect(reply.settled?.payer?.toLowerCase()).toBe(wallet.wallet)
  expect(transfer).toMatchObject({ payTo: PAY_TO, amount: 5_000_000n })
  expect(await gateway.credits()).toEqual([{ account, amount: 5_000_000n }])
  const { rows } = await sql`select actor, action, subject from audit_log`.execute(gateway.database.db)
  expect(rows).toEqual([{ actor: account, action: 'x402.settled', subject: account }])
})

test('whoever has no account pays for a request with it, is served, and keeps what is left', async () => {
  const gateway = await x402Shop()
  const wallet = payer()
  const ask = () => wallet.fetch(`${gateway.url}${ANSWERS}`, { method: 'POST' })
  const reply = await toReply(await ask())
  expect(reply).toMatchObject({ status: 200, body: { answer: '42', payer: wallet.wallet }, settled: { success: true } })
  expect(await gateway.balanceOf(wallet.wallet)).toBe(0n)
  expect(gateway.facilitator.requests.map(({ path }) => path)).toEqual(['/verify', '/settle'])

  const offered = await gateway.post(ANSWERS, {})
  const payment = await wallet.sign(withAmount(offered.required, PRICE + 7n))
  expect((await gateway.post(ANSWERS, {}, { headers: toHeader(payment) })).status).toBe(200)
  expect(await gateway.balanceOf(wallet.wallet)).toBe(7n)
})

test('who has some credits is asked for the rest alone, and never for less than a thousandth', async () => {
  const gateway = await x402Shop()
  const account = await openAccount(gateway)
  const wallet = payer()
  await topUp(gateway, wallet, account, '0.2')
  expect((await gateway.post(ANSWERS, {}, { account })).required?.accepts[0]?.amount).toBe('50000')
  await topUp(gateway, wallet, account, '0.0495')
  expect((await gateway.post(ANSWERS, {}, { account })).required?.accepts[0]?.amount).toBe('1000')
})

test('without leave to, a request that names nobody is not paid by its payment', async () => {
  const gateway = await x402Shop({ anonymous: false })
  const payment = await payer().sign((await gateway.post(ANSWERS, {})).required)
  expect((await gateway.post(ANSWERS, {}, { headers: toHeader(payment) })).status).toBe(402)
  expect(gateway.facilitator.requests).toEqual([])
})

test('a payment that comes again is told again to its account, and credited once', async () => {
  const gateway = await x402Shop()
  const account = await openAccount(gateway)
  const payment = await signTopUp(gateway, payer(), account, '2')
  const first = await gateway.post(TOP_UP, { amount: '2' }, { account, headers: toHeader(payment) })
  const again = await gateway.post(TOP_UP, { amount: '2' }, { account, headers: toHeader(payment) })
  expect(again).toMatchObject({ status: 200, body: first.body, settled: first.settled })
  expect(await gateway.credits()).toEqual([{ account, amount: 2_000_000n }])
  expect(gateway.facilitator.requests).toHaveLength(2)
})

test('a payment that is on chain for all to read opens nothing to another account, nor to nobody', async () => {
  const gateway = await x402Shop()
  const [account, thief] = [await openAccount(gateway), await openAccount(gateway)]
  const wallet = payer()
  const payment = await wallet.sign(withAmount((await gateway.post(ANSWERS, {})).required, 3n * PRICE))
  const headers = toHeader(payment)
  expect((await gateway.post(ANSWERS, {}, { headers })).status).toBe(200)
  for (const by of [{ account: thief, headers }, { headers }, { account, headers }]) {
    const reply = await gateway.post(ANSWERS, {}, by)
    expect(reply).toMatchObject({ status: 409, body: { error: { code: 'payment_already_used' } } })
  }
  expect(await gateway.balanceOf(wallet.wallet)).toBe(2n * PRICE)
})

test('of 20 parallel requests with one payment, one is credited', async () => {
  const gateway = await x402Shop()
  const account = await openAccount(gateway)
  const headers = toHeader(await signTopUp(gateway, payer(), account, '3'))
  const replies = await Promise.all(
    Array.from({ length: 20 }, () => gateway.post(TOP_UP, { amount: '3' }, { account, headers })),
  )
  const statuses = replies.map(({ status }) => status)
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(0)
  expect(statuses.filter((status) => status !== 200 && status !== 409)).toEqual([])
  for (const { status, body } of replies) if (status === 409) expect(body.error?.code).toBe('payment_in_progress')
  expect(await gateway.credits()).toEqual([{ account, amount: 3_000_000n }])
  expect(await gateway.balanceOf(account)).toBe(3_000_000n)
  expect(gateway.facilitator.requests.filter(({ path }) => path === '/settle')).toHaveLength(1)
})

test('who is told that a payment is used up, by the very payment, is not asked for another', async () => {
  const gateway = await x402Shop()
  const account = await openAccount(gateway)
  const headers = toHeader(await signTopUp(gateway, payer(), account, '1'))
  const ask = () => gateway.post(TOP_UP, { amount: '1' }, { account, headers })
  const { promise: after, resolve: goOn } = Promise.withResolvers<void>()
  gateway.facilitator.mood.verify = { type: 'late', after }
  const slow = ask()
  await expect.poll(() => gateway.facilitator.requests.length).toBe(1)
  gateway.facilitator.mood.verify = { type: 'honest' }
  const quick = await ask()
  goOn()
  expect(await slow).toMatchObject({ status: 200, body: quick.body, required: undefined })
  expect(await gateway.balanceOf(account)).toBe(1_000_000n)
})

test('what differs from the offer is refused before anybody is asked', async () => {
  const gateway = await x402Shop()
  const account = await openAccount(gateway)
  const { accepted, payload, ...rest } = await signTopUp(gateway, payer(), account, '1')
  for (const [reason, change] of DIFFERENCES) {
    const payment = {
      ...rest,
      accepted: { ...accepted, ...change.accepted },
      payload: { ...payload, authorization: { ...(payload.authorization as object), ...change.authorization } },
    }
    const reply = await gateway.post(TOP_UP, { amount: '1' }, { account, headers: toHeader(payment) })
    expect(reply, JSON.stringify(change)).toMatchObject({
      status: 402,
      body: { error: { code: 'payment_failed' }, details: `reason: ${reason}` },
      required: { error: reason, accepts: [{ amount: '1000000' }] },
    })
  }
  expect(gateway.facilitator.requests).toEqual([])
  expect(await gateway.payments()).toEqual([])
})

const DIFFERENCES: readonly (readonly [reason: string, change: { accepted?: object; authorization?: object }])[] = [
  ['invalid_scheme', { accepted: { scheme: 'upto' } }],
  ['invalid_network', { accepted: { network: 'eip155:84532' } }],
  ['invalid_payment_requirements', { accepted: { asset: OTHER } }],
  [RECIPIENT, { accepted: { payTo: OTHER } }],
  [RECIPIENT, { authorization: { to: OTHER } }],
  [VALUE, { accepted: { amount: '999999' }, authorization: { value: '999999' } }],
  [VALUE, { authorization: { value: '1' } }],
  [VALUE, { accepted: { amount: MUCH }, authorization: { value: MUCH } }],
  ['invalid_payload', { authorization: { from: PAY_TO } }],
  [BEFORE, { authorization: { validBefore: '1000' } }],
  [BEFORE, { authorization: { validBefore: '5000000000' } }],
  [AFTER, { authorization: { validAfter: '5000000000' } }],
]

test('what is no payment of version 2 is a 400', async () => {
  const gateway = await x402Shop()
  const account = await openAccount(gateway)
  const good = await signTopUp(gateway, payer(), account, '1')
  const authorization = good.payload.authorization as object
  const broken: unknown[] = [
    ...[
      null,
      7,
      'text',
      [],
      {},
      { ...good, x402Version: 1 },
      { ...good, accepted: undefined },
      { ...good, payload: {} },
    ],
    { ...good, payload: { ...good.payload, signature: '0x123' } },
    ...[{ nonce: '0x12' }, { value: 1 }, { value: '-1' }, { value: '1e6' }, { from: 'vitalik.eth' }].map((field) => ({
      ...good,
      payload: { ...good.payload, authorization: { ...authorization, ...field } },
    })),
    { ...good, payload: { ...good.payload, signature: `0x${'ab'.repeat(4_600)}` } },
  ]
  const headers = [
    ...broken.map((payment) => Buffer.from(JSON.stringify(payment) ?? '').toString('base64')),
    ...['', 'not base64!', '{}', Buffer.from('{"x402Version":2').toString('base64'), 'eyJ9, eyJ9'],
  ]
  for (const header of headers) {
    const reply = await gateway.post(TOP_UP, { amount: '1' }, { account, headers: { 'payment-signature': header } })
    expect(reply, header.slice(0, 80)).toMatchObject({ status: 400, body: { error: { code: 'invalid_payment' } } })
  }
  expect(await gateway.payments()).toEqual([])
})

test('what is no amount of credits is a 400, also with a payment', async () => {
  const gateway = await x402Shop()
  const account = await openAccount(gateway)
  const headers = toHeader(await signTopUp(gateway, payer(), account, '5'))
  const amounts = [undefined, 5, '0', '-5', '5e0', '0.0009', '1.0000001', '1000001', '']
  for (const body of [...amounts.map((amount) => ({ amount })), { amount: '5', to: 'x' }]) {
    const reply = await gateway.post(TOP_UP, body, { account, headers })
    expect(reply, JSON.stringify(body)).toMatchObject({ status: 400, body: { error: { code: expect.any(String) } } })
  }
  expect(gateway.facilitator.requests).toEqual([])
})

test('who has no account cannot top one up', async () => {
  const gateway = await x402Shop()
  expect(await gateway.post(TOP_UP, { amount: '1' })).toMatchObject({ status: 401, required: undefined })
})

test('what a facilitator refuses is not credited, and may be tried again', async () => {
  const gateway = await x402Shop()
  const account = await openAccount(gateway)
  const wallet = payer()
  gateway.facilitator.funds.set(wallet.wallet, 0n)
  const headers = toHeader(await signTopUp(gateway, wallet, account, '1'))
  const poor = await gateway.post(TOP_UP, { amount: '1' }, { account, headers })
  const reason = 'invalid_exact_evm_insufficient_balance'
  expect(poor).toMatchObject({ status: 402, body: { details: `reason: ${reason}` }, required: { error: reason } })
  expect(await gateway.payments()).toEqual([])

  gateway.facilitator.funds.set(wallet.wallet, 1_000_000n)
  expect((await gateway.post(TOP_UP, { amount: '1' }, { account, headers })).status).toBe(200)
  expect(await gateway.credits()).toEqual([{ account, amount: 1_000_000n }])
})

test('a signature of somebody else is refused', async () => {
  const gateway = await x402Shop()
  const account = await openAccount(gateway)
  const [payment, other] = [
    await signTopUp(gateway, payer(), account, '1'),
    await signTopUp(gateway, payer(), account, '1'),
  ]
  const forged = { ...payment, payload: { ...payment.payload, signature: other.payload.signature } }
  const reply = await gateway.post(TOP_UP, { amount: '1' }, { account, headers: toHeader(forged) })
  expect(reply).toMatchObject({ status: 402, body: { details: 'reason: invalid_exact_evm_signature' } })
  expect(await gateway.credits()).toEqual([])
})

test('a payment is the wallet’s that the request names', async () => {
  const gateway = await x402Shop()
  const payment = await payer().sign((await gateway.post(ANSWERS, {})).required)
  const headers = { ...toHeader(payment), 'x-wallet-address': payer().wallet }
  expect(await gateway.post(ANSWERS, {}, { headers })).toMatchObject({
    status: 403,
    body: { error: { code: 'wallet_mismatch' } },
  })
  expect(gateway.facilitator.requests).toEqual([])
})

const HASH = `0x${'ab'.repeat(32)}`
const NO = { success: false, errorReason: 'insufficient_funds', transaction: '', network: 'eip155:8453' }

test('a facilitator that finds a payment good, and then plainly does not settle it, is believed', async () => {
  const gateway = await x402Shop()
  const [account, other] = [await openAccount(gateway), await openAccount(gateway)]
  gateway.facilitator.mood.settle = { type: 'reply', body: NO }
  const headers = toHeader(await signTopUp(gateway, payer(), account, '1'))
  const ask = (by: string) => gateway.post(TOP_UP, { amount: '1' }, { account: by, headers })
  expect(await ask(account)).toMatchObject({
    status: 402,
    body: { details: 'reason: insufficient_funds' },
    required: { error: 'insufficient_funds' },
  })
  expect(await gateway.credits()).toEqual([])
  expect(await gateway.payments()).toMatchObject([{ state: 'failed', reason: 'insufficient_funds' }])

  gateway.facilitator.mood.settle = { type: 'honest' }
  expect(await ask(other)).toMatchObject({ status: 409, body: { error: { code: 'payment_already_used' } } })
  expect((await ask(account)).status).toBe(200)
  expect(await gateway.credits()).toEqual([{ account, amount: 1_000_000n }])
})

test('what a facilitator does not plainly say when it settles credits nothing, and is asked for again', async () => {
  const gateway = await x402Shop({ hasChain: false })
  const account = await openAccount(gateway)
  for (const mood of LIES) {
    gateway.facilitator.mood.settle = mood
    const reply = await topUp(gateway, payer(), account, '1')
    expect(reply, JSON.stringify(mood).slice(0, 80)).toMatchObject({
      status: 502,
      body: { error: { code: 'payment_unconfirmed' } },
      required: undefined,
    })
  }
  expect(await gateway.credits()).toEqual([])
  expect((await gateway.payments()).map(({ state }) => state)).toEqual(LIES.map(() => 'pending'))
  expect(gateway.told('warn')).toHaveLength(LIES.length)

  gateway.facilitator.mood.settle = { type: 'honest' }
  await gateway.dueNow()
  await gateway.desk.reconcile()
  // The lies were made, and cannot be made again: only the chain could tell.
  const left = LIES.map(({ type }) => (type === 'lie' ? 'pending' : 'settled'))
  expect((await gateway.payments()).map(({ state }) => state)).toEqual(left)
})

const LIES: readonly FacilitatorMood[] = [
  { type: 'lie', with: { network: 'eip155:1' } },
  { type: 'lie', with: { payer: OTHER } },
  { type: 'lie', with: { amount: '1' } },
  { type: 'lie', with: { transaction: '' } },
  { type: 'lie', with: { transaction: '0xdeadbeef' } },
  { type: 'lie', status: 500, with: {} },
  { type: 'lie', with: { success: false, errorReason: 'settlement_pending' } },
  { type: 'dead' },
  { type: 'text', text: '<html>' },
  { type: 'reply', body: { success: 'yes' } },
  { type: 'reply', status: 500, body: NO },
  { type: 'lie', with: { extra: ' '.repeat(100_000) } },
]

test('while payments cannot be verified nothing is settled, and the same payment is good later', async () => {
  const gateway = await x402Shop({ verifyTimeoutMs: 500 })
  const account = await openAccount(gateway)
  const headers = toHeader(await signTopUp(gateway, payer(), account, '1'))
  const ask = () => gateway.post(TOP_UP, { amount: '1' }, { account, headers })
  for (const mood of SILENCES) {
    gateway.facilitator.mood.verify = mood
    expect(await ask(), JSON.stringify(mood)).toMatchObject({
      status: 502,
      body: { error: { code: 'facilitator_unavailable' } },
    })
  }
  expect(gateway.facilitator.requests.map(({ path }) => path)).not.toContain('/settle')
  gateway.facilitator.mood.verify = { type: 'honest' }
  expect((await ask()).status).toBe(200)
})

const SILENCES: readonly FacilitatorMood[] = [
  { type: 'dead' },
  { type: 'text', text: 'no JSON' },
  { type: 'reply', body: [] },
  { type: 'reply', status: 503, body: { isValid: true } },
  { type: 'lie', status: 307, with: {} },
  { type: 'hang' },
]

test('a payment goes to nobody but the facilitator, whoever it names', async () => {
  const gateway = await x402Shop()
  const account = await openAccount(gateway)
  const redirect: FacilitatorMood = { type: 'reply', status: 307, headers: { location: '/elsewhere' }, body: {} }
  gateway.facilitator.mood.verify = redirect
  expect((await topUp(gateway, payer(), account, '1')).status).toBe(502)
  gateway.facilitator.mood = { verify: { type: 'honest' }, settle: redirect }
  expect((await topUp(gateway, payer(), account, '1')).status).toBe(502)
  expect(gateway.facilitator.requests.map(({ path }) => path)).toEqual(['/verify', '/verify', '/settle'])
})

test('a payer that a facilitator does not name as it should is none', async () => {
  const gateway = await x402Shop()
  const account = await openAccount(gateway)
  gateway.facilitator.mood.verify = { type: 'lie', with: { payer: OTHER } }
  const headers = toHeader(await signTopUp(gateway, payer(), account, '1'))
  expect((await gateway.post(TOP_UP, { amount: '1' }, { account, headers })).status).toBe(402)
  expect(gateway.facilitator.requests).toHaveLength(1)
})

test('what a facilitator writes in place of a reason goes to nobody', async () => {
  const gateway = await x402Shop()
  const account = await openAccount(gateway)
  gateway.facilitator.mood.verify = {
    type: 'reply',
    body: { isValid: false, invalidReason: 'see https://evil.example' },
  }
  const headers = toHeader(await signTopUp(gateway, payer(), account, '1'))
  const reply = await gateway.post(TOP_UP, { amount: '1' }, { account, headers })
  expect(reply.body.details).toBe('reason: unexpected_verify_error')
})

test('two payments are not credited by one transaction', async () => {
  const gateway = await x402Shop({ hasChain: false })
  const account = await openAccount(gateway)
  gateway.facilitator.mood.settle = { type: 'lie', with: { transaction: HASH } }
  expect((await topUp(gateway, payer(), account, '1')).status).toBe(200)
  const second = await topUp(gateway, payer(), account, '1')
  expect(second).toMatchObject({ status: 502, body: { error: { code: 'payment_unconfirmed' } } })
  expect(await gateway.credits()).toHaveLength(1)
  expect(gateway.told('error')).toEqual([expect.stringContaining('the transaction of another one')])
})

test('a payment that was made without a word is credited once, whoever looks', async () => {
  const gateway = await x402Shop({ settleTimeoutMs: 500 })
  const account = await openAccount(gateway)
  gateway.facilitator.mood.settle = { type: 'mute' }
  const headers = toHeader(await signTopUp(gateway, payer(), account, '1'))
  const reply = await gateway.post(TOP_UP, { amount: '1' }, { account, headers })
  expect(reply).toMatchObject({ status: 502, body: { error: { code: 'payment_unconfirmed' } } })
  expect(await gateway.credits()).toEqual([])

  gateway.facilitator.mood.settle = { type: 'honest' }
  await gateway.dueNow()
  const rounds = await Promise.all(Array.from({ length: 4 }, () => gateway.desk.reconcile()))
  expect(rounds.reduce((sum, { settled }) => sum + settled, 0)).toBe(1)
  expect(await gateway.desk.reconcile()).toEqual({ settled: 0, failed: 0, open: 0 })
  expect(await gateway.credits()).toEqual([{ account, amount: 1_000_000n }])
  expect((await gateway.post(TOP_UP, { amount: '1' }, { account, headers })).status).toBe(200)
  expect(await gateway.balanceOf(account)).toBe(1_000_000n)
})

test('of two that settle one payment after all, the later one hears what the first has done', async () => {
  const gateway = await x402Shop()
  const account = await openAccount(gateway)
  const { promise: after, resolve: goOn } = Promise.withResolvers<void>()
  gateway.facilitator.mood.settle = { type: 'late', after }
  const slow = topUp(gateway, payer(), account, '1')
  await expect.poll(() => gateway.facilitator.requests.length).toBe(2)
  gateway.facilitator.mood.settle = { type: 'honest' }
  await gateway.dueNow()
  expect(await gateway.desk.reconcile()).toMatchObject({ settled: 1 })
  goOn()
  expect(await slow).toMatchObject({ status: 200, body: { balance: '1' } })
  expect(await gateway.credits()).toHaveLength(1)
})

test('the payer who asks again brings an unheard payment to its end', async () => {
  const gateway = await x402Shop({ settleTimeoutMs: 500 })
  const account = await openAccount(gateway)
  gateway.facilitator.mood.settle = { type: 'mute' }
  const headers = toHeader(await signTopUp(gateway, payer(), account, '1'))
  const ask = () => gateway.post(TOP_UP, { amount: '1' }, { account, headers })
  expect((await ask()).status).toBe(502)
  expect(await ask()).toMatchObject({ status: 409, body: { error: { code: 'payment_in_progress' } } })
  await gateway.dueNow()
  expect(await ask()).toMatchObject({ status: 200, body: { balance: '1' } })
  expect(await gateway.credits()).toHaveLength(1)
})

test('who is known by an unheard payment alone is not known by it later', async () => {
  const gateway = await x402Shop({ settleTimeoutMs: 500 })
  const wallet = payer()
  gateway.facilitator.mood.settle = { type: 'mute' }
  const headers = toHeader(await wallet.sign((await gateway.post(ANSWERS, {})).required))
  expect((await gateway.post(ANSWERS, {}, { headers })).status).toBe(502)
  await gateway.dueNow()
  expect(await gateway.post(ANSWERS, {}, { headers })).toMatchObject({
    status: 409,
    body: { error: { code: 'payment_already_used' } },
  })
  expect(await gateway.balanceOf(wallet.wallet)).toBe(PRICE)
})

test('a stranger who names an unheard payment of another changes nothing of it', async () => {
  const gateway = await x402Shop({ settleTimeoutMs: 500, hasChain: false })
  const wallet = payer()
  gateway.facilitator.mood.settle = { type: 'hang' }
  const payment = await wallet.sign((await gateway.post(ANSWERS, {})).required)
  expect((await gateway.post(ANSWERS, {}, { headers: toHeader(payment) })).status).toBe(502)
  gateway.facilitator.mood.settle = { type: 'honest' }
  const authorization = payment.payload.authorization as object
  for (const change of [{ signature: FORGED }, { authorization: { ...authorization, validBefore: '1' } }]) {
    await gateway.dueNow()
    const headers = toHeader({ ...payment, payload: { ...payment.payload, ...change } })
    expect(await gateway.post(ANSWERS, {}, { headers }), JSON.stringify(change)).toMatchObject({
      status: 409,
      body: { error: { code: 'payment_in_progress' } },
    })
  }
  expect(await gateway.desk.reconcile()).toEqual({ settled: 1, failed: 0, open: 0 })
  expect(await gateway.balanceOf(wallet.wallet)).toBe(PRICE)
})

test('a payment that was asked for and not made is made when it is asked for again', async () => {
  const gateway = await x402Shop({ settleTimeoutMs: 500 })
  const account = await openAccount(gateway)
  gateway.facilitator.mood.settle = { type: 'hang' }
  await topUp(gateway, payer(), account, '1')
  gateway.facilitator.mood.settle = { type: 'honest' }
  await gateway.dueNow()
  expect(await gateway.desk.reconcile()).toEqual({ settled: 1, failed: 0, open: 0 })
  expect(await gateway.credits()).toEqual([{ account, amount: 1_000_000n }])
  expect(gateway.facilitator.transfers).toHaveLength(1)
})

test('a store that fails between settling and crediting loses nothing', async () => {
  const gateway = await x402Shop()
  const account = await openAccount(gateway)
  await sql`alter table ledger_transfers rename to away`.execute(gateway.database.db)
  const reply = await topUp(gateway, payer(), account, '1')
  expect(reply.status).toBe(500)
  expect(gateway.facilitator.transfers).toHaveLength(1)
  expect(await gateway.payments()).toMatchObject([{ state: 'pending', txHash: null }])

  await sql`alter table away rename to ledger_transfers`.execute(gateway.database.db)
  await gateway.dueNow()
  expect(await gateway.desk.reconcile()).toEqual({ settled: 1, failed: 0, open: 0 })
  expect(await gateway.desk.reconcile()).toEqual({ settled: 0, failed: 0, open: 0 })
  expect(await gateway.credits()).toEqual([{ account, amount: 1_000_000n }])
  expect(await gateway.payments()).toMatchObject([
    { state: 'settled', txHash: gateway.facilitator.transfers[0]?.txHash },
  ])
})

test('an authorization that was spent on something else is not credited', async () => {
  const gateway = await x402Shop({ settleTimeoutMs: 500 })
  const account = await openAccount(gateway)
  gateway.facilitator.mood.settle = { type: 'mute' }
  await topUp(gateway, payer(), account, '1')
  const [transfer] = gateway.facilitator.transfers
  if (transfer !== undefined) transfer.payTo = OTHER
  await gateway.dueNow()
  expect(await gateway.desk.reconcile()).toEqual({ settled: 0, failed: 1, open: 0 })
  expect(await gateway.credits()).toEqual([])
  expect(await gateway.payments()).toMatchObject([{ state: 'failed', reason: 'authorization_spent' }])
})

test('without a chain to ask, a no to a second try proves nothing: the payment stays open until it is void', async () => {
  const gateway = await x402Shop({ settleTimeoutMs: 500, hasChain: false })
  const account = await openAccount(gateway)
  gateway.facilitator.mood.settle = { type: 'mute' }
  await topUp(gateway, payer(), account, '1')
  gateway.facilitator.mood.settle = { type: 'reply', body: NO }
  await gateway.dueNow()
  expect(await gateway.desk.reconcile()).toEqual({ settled: 0, failed: 0, open: 1 })
  await sql`
    update x402_payments set try_at = clock_timestamp(),
      payload = replace(payload::text, payload #>> '{payload,authorization,validBefore}', '1000')::json`.execute(
    gateway.database.db,
  )
  expect(await gateway.desk.reconcile()).toEqual({ settled: 0, failed: 1, open: 0 })
  expect(gateway.told('error')).toEqual([expect.stringContaining('Look on chain')])
})

test('a transfer that was credited as a deposit already is not credited as a payment as well', async () => {
  const gateway = await x402Shop({ settleTimeoutMs: 500 })
  const wallet = payer()
  const account = await openAccount(gateway, wallet.wallet)
  gateway.facilitator.mood.settle = { type: 'mute' }
  await topUp(gateway, wallet, account, '1')
  const txHash = gateway.facilitator.transfers[0]?.txHash
  await sql`
    insert into deposits (chain_id, tx_hash, log_index, block_number, block_hash, token, sender, raw_amount, account, amount)
    values (8453, ${txHash}, 1, 1, '0x', 'usdc', ${wallet.wallet}, 1000000, ${account}, 1000000)`.execute(
    gateway.database.db,
  )
  await gateway.dueNow()
  expect(await gateway.desk.reconcile()).toEqual({ settled: 1, failed: 0, open: 0 })
  expect(await gateway.credits()).toEqual([])
})

test('what a payer has signed is not kept once the payment has ended', async () => {
  const gateway = await x402Shop()
  const account = await openAccount(gateway)
  const payment = await signTopUp(gateway, payer(), account, '1')
  await gateway.post(TOP_UP, { amount: '1' }, { account, headers: toHeader(payment) })
  const { signature } = z.object({ signature: z.string() }).parse(payment.payload)
  for (const table of ['x402_payments', 'ledger_transfers', 'audit_log']) {
    const { rows } = await sql`select * from ${sql.table(table)}`.execute(gateway.database.db)
    expect(rows.length).toBeGreaterThan(0)
    expect(JSON.stringify(rows)).not.toContain(signature)
  }
})

type Gateway = Awaited<ReturnType<typeof x402Shop>>
let accounts = 0

async function openAccount(gateway: Gateway, id = `acct_${String(++accounts).padStart(16, '0')}`): Promise<string> {
  const kind = id.startsWith('0x') ? 'wallet' : 'account'
  await sql`insert into accounts (id, kind) values (${id}, ${kind})`.execute(gateway.database.db)
  return id
}

async function signTopUp(gateway: Gateway, wallet: ReturnType<typeof payer>, account: string, amount: string) {
  return wallet.sign((await gateway.post(TOP_UP, { amount }, { account })).required)
}

async function topUp(gateway: Gateway, wallet: ReturnType<typeof payer>, account: string, amount: string) {
  const headers = toHeader(await signTopUp(gateway, wallet, account, amount))
  return gateway.post(TOP_UP, { amount }, { account, headers })
}

function withAmount(required: Awaited<ReturnType<Gateway['post']>>['required'], amount: bigint) {
  const [offer] = required?.accepts ?? []
  if (required === undefined || offer === undefined) throw new Error('nothing is offered')
  return { ...required, accepts: [{ ...offer, amount: String(amount) }] }
}
