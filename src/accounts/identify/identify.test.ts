import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GatewayError } from '../../errors.ts'
import { accountKind } from '../account-id.ts'
import type { OrgSeat } from '../identity.ts'
import type { StoredCredential } from './find-credential.ts'
import { type Credentials, createIdentify } from './identify.ts'
import { ownKind, parseBearer } from './parse-bearer.ts'
import { requireSpender } from './require-spender.ts'

const WALLET = '0xd8da6bf26964af9d7eed9e03e53415d37aa96045'
const SECRET = `gw_${'k'.repeat(43)}`

const seat = (id: string, role: OrgSeat['role'] = 'member'): OrgSeat => ({
  id,
  slug: `slug-of-${id}`,
  role,
  creditsPerDay: undefined,
  creditsPerMonth: undefined,
})

function identifyWith(found: Partial<StoredCredential> = {}, freeMode = false) {
  return createIdentify({
    freeMode,
    find: async ({ kind }) => ({
      kind,
      key: { id: 'key_0123456789abcdef', name: 'test' },
      account: WALLET,
      wallet: WALLET,
      binding: undefined,
      orgMode: 'strict',
      scopes: {},
      ips: undefined,
      seats: [],
      leftMs: undefined,
      ...found,
    }),
  })
}

const sent = (credentials: Partial<Credentials> = {}): Credentials => ({
  authorization: `Bearer ${SECRET}`,
  wallet: undefined,
  orgs: [],
  ip: '127.0.0.1',
  ...credentials,
})

test('a token is ours by its form alone: a prefix and 43 letters, digits, - and _', () => {
  const base64url = fc.stringMatching(/^[\w-]{43}$/)
  fc.assert(
    fc.property(base64url, (text) => {
      expect(ownKind(`gw_${text}`)).toBe('key')
      expect(ownKind(`gws_${text}`)).toBe('session')
      expect(ownKind(`gwv_${text}`)).toBeUndefined()
      expect(ownKind(`gw_${text}x`)).toBeUndefined()
      expect(ownKind(`gw_${text.slice(1)}`)).toBeUndefined()
      expect(ownKind(`gw_${text}\n`)).toBeUndefined()
    }),
  )
})

test('the token of a bearer is what stands behind the word, in any case and after any blanks', () => {
  const visible = fc.stringMatching(/^[\x21-\x7e]{1,80}$/)
  const word = fc.mixedCase(fc.constant('bearer'))
  fc.assert(
    fc.property(word, fc.integer({ min: 1, max: 4 }), visible, (scheme, blanks, token) => {
      expect(parseBearer(scheme + ' '.repeat(blanks) + token)).toBe(token)
      expect(parseBearer(scheme + token)).toBeUndefined()
    }),
  )
})

test('whatever is sent, the answer is an identity or a refusal that repeats no secret', async () => {
  const secret = fc.stringMatching(/^[\x21-\x7e]{12,80}$/)
  const text = fc.oneof(fc.string(), secret, fc.constant(undefined))
  const credentials = fc.record({
    authorization: fc.oneof(
      text,
      secret.map((token) => `Bearer ${token}`),
      secret.map((token) => `Bearer gw_${token}`),
    ),
    wallet: text,
    orgs: fc.array(fc.string(), { maxLength: 3 }),
    ip: text,
  })
  await fc.assert(
    fc.asyncProperty(credentials, fc.boolean(), async (said, freeMode) => {
      const identify = createIdentify({ freeMode, find: async () => undefined })
      const answer = await identify(said).catch((error: unknown) => error)
      const token = parseBearer(said.authorization)
      if (answer instanceof GatewayError) {
        expect([401, 403]).toContain(answer.status)
        const told = answer.message + JSON.stringify(answer.details)
        if (token !== undefined && token.length >= 12) expect(told).not.toContain(token.slice(0, 7))
      } else {
        expect(freeMode).toBe(true)
        expect(answer).toMatchObject({ credential: 'claim', account: undefined, payers: [] })
      }
    }),
    { numRuns: 500 },
  )
})

test('a claim has the name of no account, whatever wallet and key it is made with', async () => {
  const identify = createIdentify({ freeMode: true, find: async () => undefined })
  const wallet = fc.stringMatching(/^0x[0-9a-f]{40}$/)
  const token = fc.oneof(
    wallet,
    fc.stringMatching(/^(acct|org)_[a-z0-9]{16}$/),
    fc.stringMatching(/^[\x21-\x7e]{1,80}$/),
  )
  const claim = fc.oneof(
    fc.record({ wallet, authorization: fc.constant(undefined) }),
    fc.record({ wallet: fc.constant(undefined), authorization: token.map((text) => `Bearer ${text}`) }),
  )
  await fc.assert(
    fc.asyncProperty(claim, async (said) => {
      const { caller, account } = await identify(sent(said))
      expect(account).toBeUndefined()
      expect(accountKind(caller)).toBeUndefined()
    }),
  )
})

test('of a key without a wallet, no wallet header is the right one', async () => {
  const identify = identifyWith({ account: 'acct_0123456789abcdef', wallet: undefined })
  await expect(identify(sent({ wallet: WALLET }))).rejects.toMatchObject({ status: 403, code: 'wallet_mismatch' })
  expect(await identify(sent({ wallet: '' }))).toMatchObject({ caller: 'acct_0123456789abcdef' })
})

test('a key that is held to addresses is of no use to who has none', async () => {
  const identify = identifyWith({ ips: (ip) => ip === '10.0.0.1' })
  expect(await identify(sent({ ip: '10.0.0.1' }))).toMatchObject({ caller: WALLET })
  await expect(identify(sent({ ip: undefined }))).rejects.toMatchObject({ code: 'ip_not_allowed' })
})

test('a key that is held to orgs may always name the one that it is bound to', async () => {
  const identify = identifyWith({ binding: 'org_a', seats: [seat('org_a'), seat('org_b')], scopes: { orgs: [] } })
  expect(await identify(sent({ orgs: ['org_a'] }))).toMatchObject({ payers: ['org_a'] })
  await expect(identify(sent({ orgs: ['org_b'] }))).rejects.toMatchObject({ code: 'org_not_allowed' })
})

test('several names of one org agree; a name that is not allowed is refused whatever stands beside it', async () => {
  const identify = identifyWith({ seats: [seat('org_a'), seat('org_b')] })
  expect(await identify(sent({ orgs: ['org_a', 'slug-of-org_a', 'Slug-Of-org_a'] }))).toMatchObject({
    payers: ['org_a'],
  })
  await expect(identify(sent({ orgs: ['org_a', 'org_b'] }))).rejects.toMatchObject({
    status: 400,
    code: 'org_conflict',
  })
  await expect(identify(sent({ orgs: ['org_a', 'org_c'] }))).rejects.toMatchObject({ code: 'org_not_allowed' })
})

test('who only looks on in an org spends nothing of it', async () => {
  const seats = [seat('org_a', 'viewer')]
  const strict = await identifyWith({ binding: 'org_a', seats })(sent())
  expect(strict.payers).toEqual([])
  expect(() => requireSpender(strict)).toThrow(expect.objectContaining({ status: 403, code: 'role_too_low' }))
  const own = await identifyWith({ binding: 'org_a', orgMode: 'fallback', seats })(sent())
  expect(own.payers).toEqual([WALLET])
  expect(() => requireSpender(own)).not.toThrow()
  expect(() => requireSpender({ ...strict, org: seat('org_a', 'member') })).not.toThrow()
})

test('in free mode the org that is named is known, and nobody pays', async () => {
  const identify = identifyWith({ seats: [seat('org_a')] }, true)
  expect(await identify(sent({ orgs: ['org_a'] }))).toMatchObject({ org: { id: 'org_a' }, payers: [] })
})

test('the key of the operator names no caller', async () => {
  const adminKey = 'operator-of-this-gateway'
  for (const freeMode of [true, false]) {
    const identify = createIdentify({ freeMode, find: async () => undefined, adminKey })
    const asked = identify(sent({ authorization: `Bearer ${adminKey}`, wallet: WALLET }))
    await expect(asked).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' })
  }
  const identify = createIdentify({ freeMode: true, find: async () => undefined, adminKey })
  expect(await identify(sent({ authorization: 'Bearer another' }))).toMatchObject({ credential: 'claim' })
})
