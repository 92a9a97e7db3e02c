import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { createIdentify } from '../accounts/identify/identify.ts'
import { toPaidIdentity } from '../accounts/identify/paid-identity.ts'
import { createBareApp, toListener } from '../bare-app.ts'
import { GatewayError } from '../errors.ts'
import { type AuthenticateDeps, createAuthenticate, identityOf, requireAccount, requireManage } from './auth.ts'
import { listen } from './transport/listen.ts'

const WALLET = '0xd8da6bf26964af9d7eed9e03e53415d37aa96045'

async function startApp(payer?: AuthenticateDeps['payer']): Promise<string> {
  const identify = createIdentify({ freeMode: false, find: async () => undefined })
  const authenticate = createAuthenticate({ identify, payer })
  const app = createBareApp({ log: pino({ level: 'silent' }) })
  app.get('/who', authenticate, (_req, res) => void res.json(identityOf(res)))
  app.get('/account', authenticate, (_req, res) => void res.json(requireAccount(res).account))
  app.get('/manage', authenticate, (_req, res) => void res.json(requireManage(res)))
  app.get('/open', (_req, res) => void res.json(identityOf(res)))
  const { url, close } = await listen(toListener(app), { host: '127.0.0.1', port: 0 })
  onTestFinished(() => close(AbortSignal.abort()))
  return url
}

test('who sends no credential may pay for the request: the wallet is its caller, and changes nothing', async () => {
  const url = await startApp(async () => toPaidIdentity(WALLET))
  expect(await (await fetch(`${url}/who`)).json()).toEqual({
    caller: WALLET,
    credential: 'payment',
    account: WALLET,
    wallet: WALLET,
    payers: [WALLET],
    scopes: {},
  })
  expect(await (await fetch(`${url}/account`)).json()).toBe(WALLET)
  expect((await fetch(`${url}/manage`)).status).toBe(403)
})

test('what is to be paid takes the place of the 401, but not for who sends a credential', async () => {
  const url = await startApp(async () => {
    throw new GatewayError('Pay.', { status: 402, code: 'payment_required' })
  })
  expect((await fetch(`${url}/who`)).status).toBe(402)
  const headers = { authorization: `Bearer gw_${'x'.repeat(43)}` }
  expect((await fetch(`${url}/who`, { headers })).status).toBe(401)
})

test('a route that forgets to ask who calls answers nobody', async () => {
  expect((await fetch(`${await startApp()}/open`)).status).toBe(500)
})
