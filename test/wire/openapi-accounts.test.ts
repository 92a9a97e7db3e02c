import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { expect, test } from 'vitest'
import type { ExecuteRun } from '../../src/runs/run.ts'
import { says, startHttp } from '../support/http-gateway.ts'
import { ADMIN_KEY, startHttpWithAccounts } from '../support/http-gateway-with-accounts.ts'
import { complaintAbout, documentedSchema, operations, requestExamples } from '../support/openapi-document.ts'
import { payer } from '../support/x402-shop.ts'

// biome-ignore lint/suspicious/noExplicitAny: the document has judged what is in it
type Reply = any
type Play = {
  as?: string
  /** Of the path, with a query. */
  at?: Record<string, string>
  query?: string
  /** Instead of what the document's example has: ids, which are made anew. */
  body?: object
  send?: typeof fetch
}

/** Plays what the document shows, and judges what comes back by it. */
async function startStage() {
  const { url } = await startHttpWithAccounts(says('ok'))
  const played = new Set<string>()

  async function play(route: string, { as, at = {}, query = '', body, send = fetch }: Play = {}): Promise<Reply> {
    const [method = '', path = ''] = route.split(' ')
    const operation = operations.find((one) => one.path === path && one.method === method.toLowerCase())?.operation
    if (operation === undefined) throw new Error(`the document has no ${route}`)
    played.add(operation.operationId)
    const examples = requestExamples(operation).map(([, example]) => ({ ...(example as object), ...body }))
    const target = url + path.replace(/\{(\w+)\}/g, (_, name) => at[name] ?? name) + query
    let reply: Reply
    for (const sent of examples.length > 0 ? examples : [body]) {
      const response = await send(target, {
        method,
        headers: { ...(sent && { 'content-type': 'application/json' }), ...(as && { authorization: `Bearer ${as}` }) },
        ...(sent && { body: JSON.stringify(sent) }),
      })
      reply = await response.json()
      expect(response.status, `${route} ${JSON.stringify(reply)}`).toBe(200)
      expect(complaintAbout(documentedSchema(path, method.toLowerCase(), 200), reply), route).toBeUndefined()
    }
    return reply
  }

  return {
    play,
    playAs: (as: string) => (route: string, options?: Play) => play(route, { as, ...options }),
    unplayed: (tags: readonly string[]) =>
      operations
        .filter(({ operation }) => operation.tags.some((tag) => tags.includes(tag)))
        .map(({ operation }) => operation.operationId)
        .filter((id) => !played.has(id)),
  }
}

type Stage = Awaited<ReturnType<typeof startStage>>

test('§1.11 what the document shows of accounts is understood, and answered as it says', async () => {
  const stage = await startStage()
  const ann = await signIn(stage)
  const ben = await signIn(stage)
  await fillAccounts(stage, ann)
  await shareAnOrg(stage, ann, ben)
  await makeKeys(stage, ann)
  await operate(stage, ann)
  await readTheBill(stage, ann)
  await stage.play('DELETE /v1/orgs/{org}', { as: ann.token, at: { org: 'acme' }, query: `?move_to=${ann.wallet}` })
  await stage.play('DELETE /auth/siwe/session', { as: ann.token })
  expect(stage.unplayed(['account', 'keys', 'orgs', 'sign-in', 'admin'])).toEqual([])
})

type Person = { wallet: string; token: string }

async function signIn({ play }: Stage): Promise<Person> {
  const signer = privateKeyToAccount(generatePrivateKey())
  await play('GET /auth/siwe/nonce')
  await play('POST /auth/siwe/nonce')
  const { message } = await play('POST /auth/siwe/message', { body: { address: signer.address } })
  const signature = await signer.signMessage({ message })
  const { token, wallet } = await play('POST /auth/siwe/verify', { body: { message, signature } })
  await play('GET /auth/siwe/session', { as: token })
  return { wallet, token }
}

async function fillAccounts({ playAs }: Stage, { wallet, token }: Person): Promise<void> {
  const admin = playAs(ADMIN_KEY)
  const ann = playAs(token)
  const { id } = await admin('POST /admin/accounts')
  await admin('GET /admin/accounts/{id}', { at: { id } })
  await admin('POST /admin/accounts/{id}/grants', { at: { id } })
  await admin('POST /admin/accounts/{id}/corrections', { at: { id } })
  await admin('POST /admin/accounts/{id}/grants', { at: { id: wallet }, body: { id: 'order-18' } })
  await admin('GET /admin/accounts')
  const voucher = await admin('POST /admin/vouchers')
  await ann('POST /v1/account/vouchers', { body: { code: voucher.code } })
  await admin('GET /admin/vouchers')
  await admin('DELETE /admin/vouchers/{id}', { at: { id: voucher.id } })
  await ann('POST /v1/account/topups/x402', { send: payer().fetch })
}

async function shareAnOrg({ playAs }: Stage, owner: Person, guest: Person): Promise<void> {
  const ann = playAs(owner.token)
  await ann('POST /v1/orgs')
  await ann('GET /v1/orgs')
  const at = { org: 'acme' }
  await ann('GET /v1/orgs/{org}', { at })
  await ann('PATCH /v1/orgs/{org}', { at })
  const { token } = await ann('POST /v1/orgs/{org}/invitations', { at, body: { wallet: guest.wallet } })
  await playAs(guest.token)('POST /v1/orgs/invitations/accept', { body: { token } })
  await ann('GET /v1/orgs/{org}/members', { at })
  await ann('PATCH /v1/orgs/{org}/members/{account}', { at: { ...at, account: guest.wallet } })
  await ann('DELETE /v1/orgs/{org}/members/{account}', { at: { ...at, account: guest.wallet } })
  const { id } = await ann('POST /v1/orgs/{org}/invitations', { at, body: { wallet: null } })
  await ann('GET /v1/orgs/{org}/invitations', { at })
  await ann('DELETE /v1/orgs/{org}/invitations/{id}', { at: { ...at, id } })
  await ann('POST /v1/orgs/{org}/credits', { at })
  await ann('GET /v1/orgs/{org}/audit', { at })
}

async function makeKeys({ playAs }: Stage, { token }: Person): Promise<void> {
  const ann = playAs(token)
  const { id } = await ann('POST /v1/keys')
  const own = await ann('GET /v1/keys')
  const at = { id: own.data[0].id }
  await ann('GET /v1/keys', { query: '?org=acme' })
  await ann('GET /v1/keys/{id}', { at })
  await ann('PATCH /v1/keys/{id}', { at })
  await ann('POST /v1/keys/{id}/rotate', { at })
  await ann('DELETE /v1/keys/{id}', { at: { id } })
}

async function operate({ playAs }: Stage, { wallet }: Person): Promise<void> {
  const admin = playAs(ADMIN_KEY)
  const { id } = await admin('POST /admin/keys')
  await admin('GET /admin/keys')
  await admin('GET /admin/keys/{id}', { at: { id } })
  await admin('PATCH /admin/keys/{id}', { at: { id } })
  await admin('POST /admin/keys/{id}/rotate', { at: { id } })
  await admin('DELETE /admin/keys/{id}', { at: { id } })
  const org = await admin('POST /admin/orgs', { body: { slug: 'globex', owner: wallet } })
  await admin('GET /admin/orgs')
  await admin('GET /admin/orgs/{id}/members', { at: { id: org.slug } })
  await admin('GET /admin/audit', { query: '?action=key' })
  await admin('GET /admin/usage', { query: '?by=day' })
  await admin('GET /admin/ledger/verify')
}

async function readTheBill({ playAs }: Stage, { token }: Person): Promise<void> {
  const ann = playAs(token)
  await ann('GET /v1/account')
  await ann('GET /v1/account/entries')
  await ann('GET /v1/account/holds')
  await ann('GET /v1/usage', { query: '?group_by=day,model' })
}

test.each([
  ['free', 'x-wallet-address', (run: ExecuteRun) => startHttp(run)],
  ['paid', '/auth/siwe/verify', startHttpWithAccounts],
] as const)('§1.11 a gateway in %s mode says by what callers are known', async (mode, way, start) => {
  const { url } = await start(says('ok'))
  expect(await (await fetch(url)).json()).toMatchObject({ mode, authentication: expect.stringContaining(way) })
})
