import fc from 'fast-check'
import { sql } from 'kysely'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { expect, test } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { GatewayError } from '../../errors.ts'
import { createSignIn, type SignIn, type SignInDeps } from './create-sign-in.ts'
import { pruneSignIns } from './prune-sign-ins.ts'
import { toSignInText } from './sign-in-message.ts'

const wallet = privateKeyToAccount(generatePrivateKey())
const FROM = { via: 'api', ip: '192.0.2.1', requestId: 'req_1' } as const

async function openSignIn(deps: Partial<SignInDeps> = {}) {
  const database = await testDatabase()
  const signIn = createSignIn({
    database,
    publicUrl: () => 'https://gateway.example',
    chainIds: [1],
    sessionMs: 60_000,
    verifyContractSignature: async () => false,
    ...deps,
  })
  const { db } = database
  const count = async (table: string) =>
    Number((await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`.execute(db)).rows[0]?.n)
  return { signIn, database, db, count }
}

/** A message with a nonce of the store, moved by these times. */
async function freshMessage(signIn: SignIn, { issuedMs = 0, lastsMs = 300_000 } = {}) {
  const { nonce, issuedAtMs } = await signIn.issueNonce()
  const issued = issuedAtMs + issuedMs
  return toSignInText(signIn.place(), {
    address: wallet.address,
    chainId: 1,
    nonce,
    issuedAtMs: issued,
    expirationTimeMs: issued + lastsMs,
  })
}

async function signed(message: string) {
  return { message, signature: await wallet.signMessage({ message }) }
}

const signedMessage = async (...order: Parameters<typeof freshMessage>) => signed(await freshMessage(...order))

test('a byte of the message that is not as it was signed lets nobody in', async () => {
  const { signIn, db, count } = await openSignIn()
  const { message, signature } = await signedMessage(signIn)
  const nonces = await db.selectFrom('sign_in_nonces').selectAll().execute()
  const change = fc.tuple(fc.nat(message.length - 1), fc.integer({ min: 9, max: 126 }))
  await fc.assert(
    fc.asyncProperty(change, async ([at, code]) => {
      fc.pre(message.charCodeAt(at) !== code)
      const other = message.slice(0, at) + String.fromCharCode(code) + message.slice(at + 1)
      await expect(signIn.verify({ message: other, signature }, FROM)).rejects.toMatchObject({ status: 401 })
      await db
        .insertInto('sign_in_nonces')
        .values(nonces)
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    }),
    { numRuns: 150 },
  )
  expect(await count('sessions')).toBe(0)
  await expect(signIn.verify({ message, signature }, FROM)).resolves.toMatchObject({ chainId: 1 })
})

test('of all who send one message at once, one is signed in', async () => {
  const { signIn, count } = await openSignIn()
  const once = await signedMessage(signIn)
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => signIn.verify(once, FROM)))
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  expect(results.filter((result) => result.status === 'rejected').map(({ reason }) => reason.code)).toEqual(
    Array(19).fill('siwe_nonce_used'),
  )
  expect(await count('sessions')).toBe(1)
})

test.each([
  ['a minute ahead of the store', { issuedMs: 55_000 }],
  ['nearly ten minutes old', { issuedMs: -590_000, lastsMs: 900_000 }],
])('a message is good where it is %s', async (_title, times) => {
  const { signIn } = await openSignIn()
  await expect(signIn.verify(await signedMessage(signIn, times), FROM)).resolves.toHaveProperty('token')
})

test.each([
  ['issued in the future', { issuedMs: 90_000 }, /in the future/],
  ['issued long ago', { issuedMs: -605_000, lastsMs: 900_000 }, /more than 10 minutes ago/],
  ['expired', { issuedMs: -10_000, lastsMs: 10_000 }, /'Expiration Time' has passed/],
])('by the clock of the store, a message that is %s is refused, and its nonce is kept', async (_title, times, why) => {
  const { signIn, count } = await openSignIn()
  await expect(signIn.verify(await signedMessage(signIn, times), FROM)).rejects.toMatchObject({
    status: 401,
    code: 'invalid_siwe_message',
    message: expect.stringMatching(why),
  })
  expect(await count('sign_in_nonces')).toBe(1)
})

test('a message that does not count yet is refused', async () => {
  const { signIn } = await openSignIn()
  const message = `${await freshMessage(signIn)}\nNot Before: ${new Date(Date.now() + 3_600_000).toISOString()}`
  await expect(signIn.verify(await signed(message), FROM)).rejects.toMatchObject({
    code: 'invalid_siwe_message',
    message: expect.stringMatching(/'Not Before' has not come/),
  })
})

test.each(['0000-01-01T00:00:00Z', '9999-12-31T23:59:59Z'])('a message may expire in any year: %s', async (time) => {
  const { signIn } = await openSignIn()
  const message = (await freshMessage(signIn)).replace(/Expiration Time: .*/, `Expiration Time: ${time}`)
  const result = await signIn.verify(await signed(message), FROM).catch((error: unknown) => error)
  expect(result).toHaveProperty(time < '2' ? 'code' : 'token')
})

test('a nonce that has expired, or is none of ours, is refused', async () => {
  const { signIn, db } = await openSignIn()
  const late = await signedMessage(signIn)
  await sql`update sign_in_nonces set expires_at = clock_timestamp()`.execute(db)
  await expect(signIn.verify(late, FROM)).rejects.toMatchObject({ status: 401, code: 'siwe_nonce_used' })
  const message = (await freshMessage(signIn)).replace(/Nonce: .*/, 'Nonce: 00000000000000000000000000000000')
  await expect(signIn.verify(await signed(message), FROM)).rejects.toMatchObject({ code: 'siwe_nonce_used' })
})

test('a wrong signature uses up the nonce', async () => {
  const { signIn, count } = await openSignIn()
  const { message, signature } = await signedMessage(signIn)
  const wrong = await wallet.signMessage({ message: `${message} ` })
  await expect(signIn.verify({ message, signature: wrong }, FROM)).rejects.toMatchObject({
    status: 401,
    code: 'invalid_siwe_signature',
  })
  await expect(signIn.verify({ message, signature }, FROM)).rejects.toMatchObject({ code: 'siwe_nonce_used' })
  expect(await count('sessions')).toBe(0)
})

test('what could not be verified can be sent again, and still signs in once', async () => {
  let isUp = false
  const { signIn, count } = await openSignIn({
    verifyContractSignature: async () => {
      if (isUp) return true
      throw new GatewayError('No node answers.', { status: 503, code: 'cannot_verify_signature' })
    },
  })
  const byContract = { message: await freshMessage(signIn), signature: '0x1234' } as const
  await expect(signIn.verify(byContract, FROM)).rejects.toMatchObject({ code: 'cannot_verify_signature' })
  isUp = true
  await expect(signIn.verify(byContract, FROM)).resolves.toHaveProperty('token')
  await expect(signIn.verify(byContract, FROM)).rejects.toMatchObject({ code: 'siwe_nonce_used' })
  expect(await count('sessions')).toBe(1)
})

test('nobody signs in as the zero address, whatever vouches for it', async () => {
  const { signIn } = await openSignIn({ verifyContractSignature: async () => true })
  const zero = '0x0000000000000000000000000000000000000000'
  const message = (await freshMessage(signIn)).replace(wallet.address, zero)
  await expect(signIn.verify({ message, signature: `0x${'00'.repeat(65)}` }, FROM)).rejects.toMatchObject({
    code: 'invalid_siwe_signature',
  })
})

test('the store holds neither token nor signature, and the audit log who came from where', async () => {
  const { signIn, db } = await openSignIn()
  const sent = await signedMessage(signIn)
  const { token } = await signIn.verify(sent, FROM)
  expect(token).toMatch(/^gws_[\w-]{43}$/)
  const actor = { id: wallet.address.toLowerCase(), ...FROM }
  expect(await signIn.endSession(token, actor)).toMatchObject({ wallet: actor.id })
  expect(await signIn.endSession(token, actor)).toBeUndefined()
  const audit = await db.selectFrom('audit_log').select(['action', 'actor', 'via', 'ip', 'subject']).execute()
  expect(audit).toEqual(
    ['session.created', 'session.ended'].map((action) => ({
      action,
      actor: actor.id,
      via: 'api',
      ip: FROM.ip,
      subject: actor.id,
    })),
  )
  const rows = JSON.stringify([
    await db.selectFrom('sessions').selectAll().execute(),
    await db.selectFrom('audit_log').selectAll().execute(),
    await db.selectFrom('accounts').selectAll().execute(),
  ])
  expect(rows).not.toContain(token.slice('gws_'.length))
  expect(rows).not.toContain(sent.signature.slice(2, 40))
})

test('a session ends with its time', async () => {
  const { signIn, db } = await openSignIn({ sessionMs: 3_600_000 })
  const { token, expiresAtMs, createdAtMs } = await signIn.verify(await signedMessage(signIn), FROM)
  expect(expiresAtMs - createdAtMs).toBeGreaterThanOrEqual(3_599_000)
  expect(expiresAtMs - createdAtMs).toBeLessThanOrEqual(3_601_000)
  expect(await signIn.findSession(token)).toMatchObject({ wallet: wallet.address.toLowerCase(), chainId: 1 })
  await sql`update sessions set expires_at = clock_timestamp()`.execute(db)
  expect(await signIn.findSession(token)).toBeUndefined()
})

test('what has expired is deleted, and the rest stays', async () => {
  const { signIn, db, count } = await openSignIn()
  await signIn.verify(await signedMessage(signIn), FROM)
  await signIn.issueNonce()
  await pruneSignIns(db)
  expect([await count('sessions'), await count('sign_in_nonces')]).toEqual([1, 1])
  await sql`update sessions set expires_at = clock_timestamp()`.execute(db)
  await sql`update sign_in_nonces set expires_at = clock_timestamp()`.execute(db)
  await pruneSignIns(db)
  expect([await count('sessions'), await count('sign_in_nonces')]).toEqual([0, 0])
})

test('nonces that nobody used do not pile up', async () => {
  const { signIn, db, count } = await openSignIn()
  for (let n = 0; n < 5; n++) await signIn.issueNonce()
  await sql`update sign_in_nonces set expires_at = clock_timestamp() - interval '1 ms'`.execute(db)
  await signIn.issueNonce()
  expect(await count('sign_in_nonces')).toBe(1)
})

test('while the store is away nobody signs in: 503', async () => {
  const { signIn, database } = await openSignIn()
  const sent = await signedMessage(signIn)
  await database.close()
  for (const asked of [signIn.issueNonce(), signIn.verify(sent, FROM), signIn.findSession('gws_1')]) {
    await expect(asked).rejects.toMatchObject({ status: 503, code: 'store_unavailable' })
  }
})
