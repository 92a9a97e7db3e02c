import { verifyMessage as verifyByEthers, Wallet } from 'ethers'
import { sql } from 'kysely'
import { pino } from 'pino'
import type { Hex } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createFindCredential } from '../../src/accounts/identify/find-credential.ts'
import { createIdentify } from '../../src/accounts/identify/identify.ts'
import { createSignIn } from '../../src/accounts/sign-in/create-sign-in.ts'
import { createBareApp, toListener } from '../../src/bare-app.ts'
import { createChains } from '../../src/chain/chains.ts'
import { createVerifyContractSignature } from '../../src/chain/verify-contract-signature.ts'
import { createAuthenticate } from '../../src/http/auth.ts'
import { signInRoutes } from '../../src/http/sign-in/sign-in-routes.ts'
import { listen } from '../../src/http/transport/listen.ts'
import { startWalletChain, type WalletChain } from '../support/contract-wallets.ts'
import { testDatabase } from '../support/database.ts'
import { scriptedRpcNode } from '../support/rpc-node.ts'

let chain: WalletChain
let gateway: SignInGateway
beforeAll(async () => {
  chain = await startWalletChain()
  gateway = await startSignIn()
})
afterAll(async () => {
  await gateway?.close()
  await chain?.[Symbol.asyncDispose]()
})

const owner = privateKeyToAccount(generatePrivateKey())
const ADDRESS = owner.address

type Reply = { status: number; headers: Headers; body: Body }
type Body = {
  message: string
  nonce: string
  domain: string
  uri: string
  chain_ids: number[]
  token: string
  wallet: string
  expires_at: number
  error: { message: string; type: string; param: string | null; code: string | null }
}

type SignInGateway = Awaited<ReturnType<typeof startSignIn>>

/** The routes of sign-in on a socket, over a store and a chain. */
async function startSignIn({ freeMode = false, rpcUrl = chain.url } = {}) {
  const database = await testDatabase()
  const chains = createChains({ chains: ['ethereum', 'base'], rpcUrls: { 1: [rpcUrl] } })
  const signIn = createSignIn({
    database,
    publicUrl: () => url,
    chainIds: [1, 8453],
    sessionMs: 60 * 60_000,
    verifyContractSignature: createVerifyContractSignature({ chains }),
  })
  const identify = createIdentify({ freeMode, find: createFindCredential(database.db) })
  const app = createBareApp({ log: pino({ level: 'silent' }) })
  app.use(signInRoutes({ signIn, authenticate: createAuthenticate({ identify }) }))
  const { url, close } = await listen(toListener(app), { host: '127.0.0.1', port: 0 })
  const ask = async (method: string, route: string, { body, token }: { body?: unknown; token?: string } = {}) => {
    const response = await fetch(`${url}/auth/siwe/${route}`, {
      method,
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: response.status, headers: response.headers, body: await response.json() } as Reply
  }
  return {
    url,
    database,
    ask,
    async close() {
      await close(AbortSignal.abort())
      await chains.close()
      await database.close()
    },
    message: async (address: string, rest: object = {}) =>
      (await ask('POST', 'message', { body: { address, ...rest } })).body.message,
    verify: (message: string, signature: string) => ask('POST', 'verify', { body: { message, signature } }),
  }
}

test('a wallet asks for a message, signs it, is known by its token, and signs out', async () => {
  const { ask, message, verify } = gateway
  const text = await message(ADDRESS.toLowerCase())
  const { status, headers, body } = await verify(text, await owner.signMessage({ message: text }))
  expect(status).toBe(200)
  expect(headers.get('cache-control')).toBe('no-store')
  expect(body).toEqual({
    object: 'session',
    token: expect.stringMatching(/^gws_[\w-]{43}$/),
    token_type: 'Bearer',
    wallet: ADDRESS.toLowerCase(),
    chain_id: 1,
    created_at: expect.any(Number),
    expires_at: expect.any(Number),
  })
  const { token, token_type: _, ...session } = body as Body & { token_type: string }
  expect(await ask('GET', 'session', { token })).toMatchObject({ status: 200, body: session })
  expect(await ask('DELETE', 'session', { token })).toMatchObject({
    status: 200,
    body: { object: 'session', wallet: ADDRESS.toLowerCase(), deleted: true },
  })
  for (const method of ['GET', 'DELETE']) {
    expect(await ask(method, 'session', { token })).toMatchObject({
      status: 401,
      body: { error: { type: 'authentication_error' } },
    })
  }
})

test.each(['GET', 'POST'])('who writes the message itself learns by %s what it must say', async (method) => {
  const { url, ask, verify } = gateway
  const { status, body } = await ask(method, 'nonce')
  expect(status).toBe(200)
  expect(body).toMatchObject({ domain: new URL(url).host, uri: url, chain_ids: [1, 8453] })
  expect(body.nonce).toMatch(/^[0-9a-zA-Z]{20,}$/)
  const wallet = Wallet.createRandom()
  const text = [
    `${body.domain} wants you to sign in with your Ethereum account:`,
    wallet.address,
    '',
    '',
    `URI: ${body.uri}`,
    'Version: 1',
    'Chain ID: 8453',
    `Nonce: ${body.nonce}`,
    `Issued At: ${new Date().toISOString()}`,
  ].join('\n')
  const reply = await verify(text, await wallet.signMessage(text))
  expect(reply).toMatchObject({ status: 200, body: { wallet: wallet.address.toLowerCase(), chain_id: 8453 } })
})

test('a wallet has 100 sessions: the oldest ends when it signs in once more, and no other', async () => {
  const { database, ask, message, verify } = gateway
  const account = privateKeyToAccount(generatePrivateKey())
  const signIn = async () => {
    const text = await message(account.address)
    return (await verify(text, await account.signMessage({ message: text }))).body.token
  }
  const tokens = [await signIn(), await signIn()]
  const wallet = account.address.toLowerCase()
  await sql`
    insert into sessions (hash, wallet, chain_id, expires_at)
    select 'of-many-' || n, ${wallet}, 1, now() + interval '1 hour' from generate_series(1, 98) as n
  `.execute(database.db)
  const statusOf = async (token = '') => (await ask('GET', 'session', { token })).status
  expect(await Promise.all(tokens.map(statusOf))).toEqual([200, 200])
  tokens.push(await signIn())
  expect(await Promise.all(tokens.map(statusOf))).toEqual([401, 200, 200])
  await Promise.all(Array.from({ length: 5 }, signIn))
  const open = database.db.selectFrom('sessions').select('hash').where('wallet', '=', wallet)
  expect(await open.where('revoked_at', 'is', null).execute()).toHaveLength(100)
  const ended = database.db.selectFrom('audit_log').select('id').where('action', '=', 'session.ended')
  expect(await ended.where('subject', '=', wallet).execute()).toHaveLength(6)
})

test('a nonce is another each time', async () => {
  const { ask } = gateway
  const replies = await Promise.all(Array.from({ length: 20 }, () => ask('POST', 'nonce')))
  expect(new Set(replies.map(({ body }) => body.nonce)).size).toBe(20)
})

test('ethers is of the same opinion on who has signed', async () => {
  const { message, verify } = gateway
  const wallet = Wallet.createRandom()
  const other = Wallet.createRandom()
  for (const [signer, isOwn] of [
    [wallet, true],
    [other, false],
  ] as const) {
    const text = await message(wallet.address)
    const signature = await signer.signMessage(text)
    expect(verifyByEthers(text, signature) === wallet.address).toBe(isOwn)
    const { status, body } = await verify(text, signature)
    expect(status).toBe(isOwn ? 200 : 401)
    if (!isOwn) expect(body.error.code).toBe('invalid_siwe_signature')
  }
})

test('a message signs in once', async () => {
  const { message, verify } = gateway
  const text = await message(ADDRESS)
  const signature = await owner.signMessage({ message: text })
  const replies = await Promise.all([verify(text, signature), verify(text, signature), verify(text, signature)])
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 401, 401])
  const late = await verify(text, signature)
  expect(late.headers.get('www-authenticate')).toBe('Bearer')
  expect(late.body.error).toEqual({
    message: expect.stringMatching(/used before.*\/auth\/siwe\/nonce/),
    type: 'authentication_error',
    param: null,
    code: 'siwe_nonce_used',
  })
})

test('a message for another gateway is refused, though its signature is right', async () => {
  const there = await startSignIn()
  onTestFinished(() => there.close())
  const text = await there.message(ADDRESS)
  const { status, body } = await gateway.verify(text, await owner.signMessage({ message: text }))
  expect(status).toBe(401)
  expect(body.error).toMatchObject({ code: 'invalid_siwe_message', message: expect.stringMatching(/must begin with/) })
})

test.each<[string, (text: string) => string, RegExp]>([
  ['domain', (text) => `evil.example${text.slice(text.indexOf(' '))}`, /must begin with '127\.0\.0\.1/],
  ['URI', (text) => text.replace(/^URI: .*/m, 'URI: https://evil.example'), /must say 'URI: http/],
  ['version', (text) => text.replace('Version: 1', 'Version: 2'), /must say 'Version: 1'/],
  ['chain', (text) => text.replace('Chain ID: 1', 'Chain ID: 137'), /one of these chains.*1, 8453/],
  ['case of the address', (text) => text.replace(ADDRESS, ADDRESS.toLowerCase()), /checksum: 0x/],
  ['resources', (text) => `${text}\nResources:\n- https://evil.example`, /no 'Resources'/],
  ['end', (text) => `${text}\n`, /not in the form of EIP-4361/],
  ['lines', (text) => `${text}\nNonce: aaaaaaaaaaaaaaaa`, /not in the form of EIP-4361/],
  ['time of issue', (text) => text.replace(/^Issued At: 2/m, 'Issued At: 3'), /in the future/],
  ['time of expiry', (text) => text.replace(/^Expiration Time: 2/m, 'Expiration Time: 1'), /has passed/],
])('a message with another %s is refused, though it was signed so', async (_title, change, reason) => {
  const { message, verify } = gateway
  const text = change(await message(ADDRESS))
  const { status, body } = await verify(text, await owner.signMessage({ message: text }))
  expect(status).toBe(401)
  expect(body.error).toMatchObject({ code: 'invalid_siwe_message', message: expect.stringMatching(reason) })
})

test.each<[string, unknown, string | null]>([
  ['without a message', { signature: '0x12' }, 'message'],
  ['without a signature', { message: 'a' }, 'signature'],
  ['with a signature that is no hex', { message: 'a', signature: 'abc' }, 'signature'],
  ['with half a byte', { message: 'a', signature: '0x123' }, 'signature'],
  ['with a long signature', { message: 'a', signature: `0x${'ab'.repeat(4_096)}` }, 'signature'],
  ['with a long message', { message: 'a'.repeat(4_097), signature: '0x12' }, 'message'],
  ['with more than that', { message: 'a', signature: '0x12', chain: 1 }, 'chain'],
])('a body %s is a 400', async (_title, body, param) => {
  const { ask } = gateway
  expect(await ask('POST', 'verify', { body })).toMatchObject({ status: 400, body: { error: { param } } })
})

test.each<[object, string]>([
  [{}, 'address'],
  [{ address: 'vitalik.eth' }, 'address'],
  [{ address: '0xD8dA6BF26964aF9D7eEd9e03E53415D37aA96045' }, 'address'],
  [{ address: ADDRESS, chain_id: 137 }, 'chain_id'],
  [{ address: ADDRESS, chain_id: '1' }, 'chain_id'],
])('a message cannot be written for %j', async (body, param) => {
  const { ask } = gateway
  expect(await ask('POST', 'message', { body })).toMatchObject({ status: 400, body: { error: { param } } })
})

test('a wallet that is a contract signs in by its owner, and by the next owner after that', async () => {
  const { message, verify } = gateway
  const next = privateKeyToAccount(generatePrivateKey())
  const wallet = await chain.deployWallet(ADDRESS)
  const signInBy = async (signer: typeof owner) => {
    const text = await message(wallet)
    return verify(text, await signer.signMessage({ message: text }))
  }
  expect(await signInBy(owner)).toMatchObject({ status: 200, body: { wallet: wallet.toLowerCase() } })
  expect(await signInBy(next)).toMatchObject({ status: 401, body: { error: { code: 'invalid_siwe_signature' } } })
  await chain.setOwner(wallet, next.address)
  expect((await signInBy(owner)).status).toBe(401)
  expect((await signInBy(next)).status).toBe(200)
})

test('a wallet that is not deployed yet signs in by ERC-6492', async () => {
  const { message, verify } = gateway
  const text = await message(chain.addressToBe(ADDRESS))
  const signature = chain.wrap(ADDRESS, await owner.signMessage({ message: text }))
  expect(await verify(text, signature)).toMatchObject({ status: 200 })
  const again = await message(chain.addressToBe(ADDRESS))
  const stranger = privateKeyToAccount(generatePrivateKey())
  const forged: Hex = chain.wrap(ADDRESS, await stranger.signMessage({ message: again }))
  expect(await verify(again, forged)).toMatchObject({
    status: 401,
    body: { error: { code: 'invalid_siwe_signature' } },
  })
})

test('while the chain is away a contract cannot sign in, a key can, and the same message does once it is back', async () => {
  const node = await scriptedRpcNode({ forwardTo: chain.url, mood: { type: 'status', status: 500 } })
  onTestFinished(() => node.close())
  const { message, verify, close } = await startSignIn({ rpcUrl: node.url })
  onTestFinished(close)
  const text = await message(await chain.deployWallet(ADDRESS))
  const signature = await owner.signMessage({ message: text })
  const { status, headers, body } = await verify(text, signature)
  expect([status, headers.get('retry-after')]).toEqual([503, '5'])
  expect(body.error).toMatchObject({ code: 'cannot_verify_signature', type: 'service_unavailable_error' })

  const ofKey = await message(ADDRESS)
  expect((await verify(ofKey, await owner.signMessage({ message: ofKey }))).status).toBe(200)

  node.mood = { type: 'well' }
  await expect.poll(async () => (await verify(text, signature)).status, { timeout: 10_000 }).toBe(200)
})

test.each([true, false])('only a session is shown as one (free mode: %s)', async (freeMode) => {
  const { ask, close } = await startSignIn({ freeMode })
  onTestFinished(close)
  for (const token of [`gws_${'a'.repeat(43)}`, 'sk-anything', undefined]) {
    const { status, headers } = await ask('GET', 'session', token === undefined ? {} : { token })
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  }
})

test('other methods are a 405', async () => {
  const { ask } = gateway
  for (const [route, allow] of [
    ['nonce', 'POST, GET, HEAD, OPTIONS'],
    ['message', 'POST, OPTIONS'],
    ['verify', 'POST, OPTIONS'],
    ['session', 'GET, HEAD, DELETE, OPTIONS'],
  ] as const) {
    const { status, headers } = await ask('PUT', route)
    expect([status, headers.get('allow')]).toEqual([405, allow])
  }
})
