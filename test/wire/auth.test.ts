import { expect, test } from 'vitest'
import { says, startHttp, WALLET } from '../support/http-gateway.ts'

async function answerTo(headers: Record<string, string>) {
  const gateway = await startHttp(says('ok'))
  const response = await fetch(`${gateway.url}/v1/models`, { headers })
  await expect.poll(() => gateway.log).toHaveLength(1)
  return { response, log: JSON.stringify(gateway.log), caller: gateway.log[0]?.caller }
}

test.each([
  ['with its checksum', WALLET],
  ['in lower case', WALLET.toLowerCase()],
  ['in upper case', `0x${WALLET.slice(2).toUpperCase()}`],
])('§1.9 a wallet address %s names the caller, as a claim', async (_what, wallet) => {
  const { response, caller } = await answerTo({ 'x-wallet-address': wallet })
  expect(response.status).toBe(200)
  expect(caller).toBe(`claim:${WALLET.toLowerCase()}`)
})

test.each([
  ['too short', WALLET.slice(0, -1)],
  ['too long', `${WALLET}0`],
  ['without 0x', WALLET.slice(2)],
  ['with a digit that is none', `${WALLET.slice(0, -1)}g`],
  ['with a wrong checksum', WALLET.replace('d8dA', 'D8dA')],
  ['that is a name', 'vitalik.eth'],
])('§1.9 a wallet address %s is a 401, also beside a key', async (_what, wallet) => {
  const { response, caller } = await answerTo({ 'x-wallet-address': wallet, authorization: 'Bearer key' })
  expect(response.status).toBe(401)
  expect(response.headers.get('www-authenticate')).toBe('Bearer')
  expect(await response.json()).toMatchObject({ error: { code: 'invalid_wallet_address' } })
  expect(caller).toBeUndefined()
})

test('§1.9 an empty wallet header counts as none', async () => {
  const { caller } = await answerTo({ authorization: 'Bearer sk-no-key', 'x-wallet-address': '' })
  expect(caller).toBe('key_aee27a1dd18b')
})

test.each(['Bearer sk-no-key', 'bearer sk-no-key', 'Bearer   sk-no-key'])(
  '§1.9 any key will do: %s',
  async (authorization) => {
    const { response, caller, log } = await answerTo({ authorization })
    expect(response.status).toBe(200)
    expect(caller).toBe('key_aee27a1dd18b')
    expect(log).not.toContain('sk-no-key')
  },
)

test('§1.9 a wallet names the caller where a key comes with it, as placeholder keys are shared by many', async () => {
  const { caller } = await answerTo({ authorization: 'Bearer unused', 'x-wallet-address': WALLET })
  expect(caller).toBe(`claim:${WALLET.toLowerCase()}`)
})

test.each([
  {},
  { authorization: 'Bearer' },
  { authorization: 'Bearer ' },
  { authorization: 'Basic dTpw' },
  { authorization: 'key' },
])('§1.9 a request with %j is a 401 that says what to send', async (headers) => {
  const { response, log } = await answerTo(headers as Record<string, string>)
  expect(response.status).toBe(401)
  expect(response.headers.get('www-authenticate')).toBe('Bearer')
  expect(await response.json()).toEqual({
    error: {
      message: expect.stringContaining('x-wallet-address'),
      type: 'authentication_error',
      param: null,
      code: 'missing_wallet_address',
    },
  })
  expect(log).not.toContain('dTpw')
})

test('§1.9 who asks is settled before the body is read', async () => {
  const gateway = await startHttp(says('never'))
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{broken',
  })
  expect(response.status).toBe(401)
})
