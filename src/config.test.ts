import { describe, expect, test } from 'vitest'
import { CHAIN_NAMES } from './chain/chain-list.ts'
import { ConfigError, parseConfig } from './config.ts'

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
  ])('of %j is refused with what would be right', (env, complaint) => {
    expect(messageOf(() => parseConfig(env))).toBe(`The environment needs a correction:\n  ${complaint}`)
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
