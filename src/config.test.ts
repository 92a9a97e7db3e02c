import { describe, expect, test } from 'vitest'
import { CHAIN_NAMES } from './chain/chain-list.ts'
import { ConfigError, parseConfig } from './config.ts'

const PAYEE = `0x${'a1'.repeat(20)}`
const ZERO_ADDRESS = `0x${'00'.repeat(20)}`
const LOST = 'must be a wallet of yours: what is sent to the zero address is lost'
const BARE_URL =
  'PUBLIC_URL: must have no user name, password, query or fragment, as callers are told it: https://gateway.example'

describe('the configuration', () => {
  test('of an empty environment is the documented default', () => {
    expect(parseConfig({})).toMatchObject({
      host: '127.0.0.1',
      port: 8787,
      logLevel: 'info',
      bodyLimitBytes: 10_485_760,
      runTimeoutMs: 120_000,
      holdBackTokens: 24,
      ollamaBaseUrl: 'http://127.0.0.1:11434',
      operatorModel: 'ollama:qwen3:8b',
      chains: CHAIN_NAMES,
      rpcUrls: {},
    })
  })

  test('is frozen', () => {
    expect(Object.isFrozen(parseConfig({}))).toBe(true)
  })

  test('takes an empty variable for an unset one', () => {
    expect(parseConfig({ PORT: '', OPENAI_BASE_URL: ' ' })).toMatchObject({ port: 8787, openaiBaseUrl: undefined })
  })

  test('has nodes by chain id, in order of preference', () => {
    const { rpcUrls } = parseConfig({ RPC_URL_1: 'https://a.example/key, https://b.example', RPC_URL_8453: 'http://c' })
    expect(rpcUrls).toEqual({ 1: ['https://a.example/key', 'https://b.example'], 8453: ['http://c'] })
  })

  test('has chains by any of their names', () => {
    expect(parseConfig({ CHAINS: 'mainnet, 8453,arb' }).chains).toEqual(['ethereum', 'base', 'arbitrum'])
  })

  test('without any chain is refused', () => {
    expect(messageOf(() => parseConfig({ CHAINS: ' , ' }))).toContain('CHAINS: must name at least one chain')
  })

  test('watches for deposits on all its chains but test networks, whose money is worth nothing', () => {
    expect(parseConfig({ CHAINS: 'base, sepolia, ethereum' }).depositChains).toEqual(['base', 'ethereum'])
    expect(parseConfig({ CHAINS: 'base, sepolia', DEPOSIT_CHAINS: 'sepolia' }).depositChains).toEqual(['sepolia'])
    expect(() => parseConfig({ CHAINS: 'base', DEPOSIT_CHAINS: 'base, polygon' })).toThrow(
      'DEPOSIT_CHAINS: polygon must be among CHAINS as well',
    )
  })

  test('has a chain once, however often and by whatever name it is there', () => {
    expect(parseConfig({ CHAINS: 'base,1,ethereum,BASE', DEPOSIT_CHAINS: 'base,base' })).toMatchObject({
      chains: ['base', 'ethereum'],
      depositChains: ['base'],
    })
  })

  test('leaves the slash at the end of a base URL off', () => {
    expect(parseConfig({ OLLAMA_BASE_URL: 'http://gpu:11434/' }).ollamaBaseUrl).toBe('http://gpu:11434')
  })

  test('names every complaint at once, by its variable', () => {
    const env = {
      PORT: 'eighty',
      LOG_LEVEL: 'loud',
      CHAINS: 'base,mars',
      OLLAMA_BASE_URL: 'gpu',
      RPC_URL_7: 'https://x',
      RPC_URL_01: 'https://x',
    }
    const complaint = messageOf(() => parseConfig(env))
    for (const [name, says] of [
      ['PORT', 'must be a number'],
      ['LOG_LEVEL', 'must be one of trace, debug'],
      ['CHAINS', "'mars' is not a known chain"],
      ['OLLAMA_BASE_URL', 'must be an http:// or https:// URL'],
      ['RPC_URL_7', "'7' is not the id of a known chain"],
      ['RPC_URL_01', "'01' is not the id of a known chain"],
    ]) {
      expect(complaint).toContain(`${name}: ${says}`)
    }
  })

  test.each([
    [{ RUN_TIMEOUT_MS: '120' }, 'RUN_TIMEOUT_MS: must be 1000 to 3600000'],
    [{ PORT: '99999' }, 'PORT: must be 0 to 65535'],
    [{ OLLAMA_NUM_CTX: '2048.5' }, 'OLLAMA_NUM_CTX: must be a whole number'],
    [{ OPERATOR_MODEL: ' openai: ' }, "OPERATOR_MODEL: 'openai:' names no model: openai:<model>"],
    [{ OLLAMA_BASE_URL: 'http://gpu:11434/v1/' }, "OLLAMA_BASE_URL: must be Ollama's own address: leave out the /v1"],
    [{ DATABASE_URL: 'mysql://root:hunter2@db/x' }, 'DATABASE_URL: must be a URL that begins with postgres://'],
    [{ ROLE: 'worker' }, 'DATABASE_URL: must be set with ROLE=worker: gateways and workers share one Postgres'],
    [{ PUBLIC_URL: 'https://ann:hunter2@gateway.example' }, BARE_URL],
    [{ PUBLIC_URL: 'https://gateway.example/v1?key=hunter2' }, BARE_URL],
    [{ PUBLIC_URL: 'https://gateway.example/?' }, BARE_URL],
    [{ PUBLIC_URL: 'https://gateway.example/#top' }, BARE_URL],
    [{ TREASURY_ADDRESS: ZERO_ADDRESS }, `TREASURY_ADDRESS: ${LOST}`],
    [{ X402_FACILITATOR_URL: 'https://x402.example', X402_PAY_TO: ZERO_ADDRESS }, `X402_PAY_TO: ${LOST}`],
    [{ X402_PAY_TO: PAYEE }, 'X402_FACILITATOR_URL: must be set with X402_PAY_TO: no payment is taken without'],
    [{ X402_ANONYMOUS: '1' }, 'X402_FACILITATOR_URL: must be set with X402_ANONYMOUS: no payment is taken without'],
    [
      { X402_FACILITATOR_URL: 'https://x402.example' },
      'X402_PAY_TO: must be set with X402_FACILITATOR_URL, or TREASURY_ADDRESS: payments go there',
    ],
    [{ DEFAULT_PRICE: 'prompt=1,run=2,prompt=2' }, "DEFAULT_PRICE: 'prompt' is there twice: give it one amount"],
  ])('of %j is refused with what would be right', (env, complaint) => {
    expect(messageOf(() => parseConfig(env))).toBe(`The environment needs a correction:\n  ${complaint}`)
  })

  test.each(['Authorization', 'host', 'content-type', 'X-Wallet-Address', 'Idempotency-Key', 'x-forwarded-for', 'te'])(
    'names an org by no header that has another meaning: %s',
    (name) => {
      expect(messageOf(() => parseConfig({ ORG_HEADER: name }))).toBe(
        `The environment needs a correction:\n  ORG_HEADER: '${name}' has another meaning: choose a header of your own, like X-Team`,
      )
    },
  )

  test.each(['X-Team', 'OpenAI-Project', 'Tenant'])('names an org by a header of its own: %s', (name) => {
    expect(parseConfig({ ORG_HEADER: name }).orgHeader).toBe(name)
  })

  test('has a public URL with a port and a path, without the slash at its end', () => {
    for (const url of ['https://gateway.example', 'http://10.0.0.1:8787', 'https://example.com/gateway']) {
      expect(parseConfig({ PUBLIC_URL: `${url}/` }).publicUrl).toBe(url)
    }
  })

  test('takes payments for the treasury where no other address is named', () => {
    const { x402 } = parseConfig({ X402_FACILITATOR_URL: 'https://x402.example', TREASURY_ADDRESS: PAYEE })
    expect(x402).toMatchObject({ payTo: PAYEE, anonymous: false })
  })

  test('never repeats a node URL, which may hold a key', () => {
    expect(messageOf(() => parseConfig({ RPC_URL_1: 'wss://node.example/secret-key' }))).not.toContain('secret-key')
  })
})

function messageOf(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof ConfigError) return error.message
  }
  throw new Error('There was no complaint.')
}
