import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import type { JsonSchema } from '../../src/messages.ts'
import { completed, HELLO, says, startHttp, tells, WALLET } from '../support/http-gateway.ts'
import { startHttpWithAccounts } from '../support/http-gateway-with-accounts.ts'
import { complaintAbout, DOCUMENT, documentedSchema, operations, requestExamples } from '../support/openapi-document.ts'
import { sendRaw } from '../support/raw-http.ts'

const AS_CALLER = { 'x-wallet-address': WALLET, 'content-type': 'application/json' }

/** Every object within, with the way to it. */
function* walk(value: unknown, path = '#'): Generator<[path: string, node: Record<string, unknown>]> {
  if (typeof value !== 'object' || value === null) return
  yield [path, value as Record<string, unknown>]
  for (const [key, child] of Object.entries(value)) yield* walk(child, `${path}/${key.replaceAll('/', '~1')}`)
}

test('§1.11 the document is OpenAPI 3.1, and every reference in it leads somewhere', () => {
  expect(DOCUMENT.openapi).toBe('3.1.0')
  const known = new Set([...walk(DOCUMENT)].map(([path]) => path))
  const refs = [...walk(DOCUMENT)].flatMap(([, node]) => (typeof node.$ref === 'string' ? [node.$ref] : []))
  expect(refs.length).toBeGreaterThan(50)
  expect(refs.filter((ref) => !known.has(ref))).toEqual([])
})

test('§1.11 every operation has a name of its own, its path parameters, and a reply for each fault of the gateway', () => {
  const names = operations.map(({ operation }) => operation.operationId)
  expect(new Set(names).size).toBe(names.length)
  for (const { path, operation } of operations) {
    const wanted = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
    const shared = (DOCUMENT.paths[path] as unknown as { parameters?: object[] }).parameters ?? []
    const given = [...shared, ...(operation.parameters ?? [])].filter((one) => 'in' in one && one.in === 'path')
    expect(given.map((one) => 'name' in one && one.name)).toEqual(wanted)
    expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['200', '400', '405', '500']))
  }
})

test('§1.11 every example fits its schema', () => {
  const wrong: string[] = []
  let count = 0
  for (const [path, node] of walk(DOCUMENT)) {
    if (!('schema' in node) || typeof node.examples !== 'object') continue
    for (const [name, { value }] of Object.entries(node.examples as Record<string, { value: unknown }>)) {
      count++
      const complaint = complaintAbout(node.schema as JsonSchema, value)
      if (complaint !== undefined) wrong.push(`${path} ${name}: ${complaint}`)
    }
  }
  expect(wrong).toEqual([])
  expect(count).toBeGreaterThan(25)
})

test.each(
  operations
    .filter(({ operation }) => operation.tags.some((tag) => tag === 'chat' || tag === 'responses'))
    .flatMap(({ path, operation }) => requestExamples(operation).map(([name, body]) => [path, name, body] as const)),
)('§1.11 what the document shows is understood: %s %s', async (path, _name, body) => {
  const gateway = await startHttp(says('ok'), { durable: true })
  const response = await fetch(gateway.url + path, { method: 'POST', headers: AS_CALLER, body: JSON.stringify(body) })
  expect(response.status, await response.text()).toBe(200)
})

test('§1.11 the routes of the gateway and those of the document are the same', async () => {
  const gateway = await startHttpWithAccounts(says('ok'))
  const documented = operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`)
  const served: string[] = []
  for (const path of await routesInSource()) {
    const response = await fetch(gateway.url + path.replace('{file}', 'page.css').replace(/\{\w+\}/g, 'x'), {
      method: 'OPTIONS',
    })
    const methods = (response.headers.get('allow') ?? '').split(', ').filter((name) => !/HEAD|OPTIONS/.test(name))
    served.push(...methods.map((method) => `${method} ${path}`))
  }
  expect([...new Set(served)].sort()).toEqual(documented.sort())
  const { routes } = (await (await fetch(gateway.url)).json()) as { routes: Record<string, string> }
  expect(documented).toEqual(expect.arrayContaining(Object.keys(routes)))
})

/** In the words of the document. */
async function routesInSource(): Promise<string[]> {
  const src = resolve(import.meta.dirname, '../../src')
  const files = [
    'app.ts',
    'model-routes.ts',
    'probes.ts',
    ...(await readdir(join(src, 'http'), { recursive: true })).map((name) => join('http', name)),
  ]
  const sources = await Promise.all(
    files.filter((name) => /(?<!\.test)\.ts$/.test(name)).map((name) => readFile(join(src, name), 'utf8')),
  )
  const routes = sources.flatMap((source) =>
    [...source.matchAll(/\.route\(['`]([^'`]+)['`]\)/g)].map(([, path]) => path),
  )
  return [
    ...new Set(routes.map((path = '') => path.replace(/[:*](\w+)/g, '{$1}').replace(/^\/docs\/.*/, '/docs/{file}'))),
  ]
}

const RICH = completed({
  usage: { promptTokens: 12, completionTokens: 3, cachedTokens: 4, reasoningTokens: 1 },
  trace: {
    limit: 'max_steps',
    toolCalls: [
      {
        call: { id: 'call_1', name: 'balance', argumentsText: '{}' },
        ok: true,
        summary: 'It is 1 ETH.',
        durationMs: 1.5,
      },
    ],
    blocks: [{ chain: 'base', chainId: 8453, number: 1n, hash: '0xab', timestampSec: 1_767_225_600 }],
    reorgs: [{ chain: 'base', chainId: 8453, number: 1n, hash: '0xab', timestampSec: 1_767_225_600 }],
    evidence: [
      { chainId: 8453, method: 'eth_call', params: [{ to: '0x1' }], blockNumber: 1n, resultDigest: '0xcd' },
    ] as never,
  },
})

const CALLS = tells(
  { type: 'client_call', call: { id: 'call_1', name: 'set_door', argumentsText: '{"open":true}' } },
  { ...RICH, reason: 'tool_calls' },
)
const TOOL = { type: 'function', function: { name: 'set_door', parameters: {} } }
const TRACE = { groundwire: { trace: true } }

test.each([
  ['an answer', says('ok'), HELLO],
  ['an answer with its trace', tells({ type: 'text', text: 'ok' }, RICH), { ...HELLO, ...TRACE }],
  ['calls for the caller', CALLS, { ...HELLO, tools: [TOOL] }],
])('§1.11 a completion is as the document says: %s', async (_what, run, body) => {
  const gateway = await startHttp(run, { durable: true })
  const whole = await (await gateway.ask(body)).json()
  expect(complaintAbout(documentedSchema('/v1/chat/completions', 'post', 200), whole)).toBeUndefined()
  const response = await gateway.ask({ ...body, stream: true, stream_options: { include_usage: true } })
  const frames = (await response.text())
    .split('\n')
    .flatMap((line) => (line.startsWith('data: {') ? [line.slice(6)] : []))
  expect(frames.length).toBeGreaterThan(2)
  const schema = documentedSchema('/v1/chat/completions', 'post', 200, 'text/event-stream')
  expect(frames.map((frame) => complaintAbout(schema, JSON.parse(frame)))).toEqual(frames.map(() => undefined))
})

test('§1.11 a field the document does not know is a complaint', () => {
  const schema = documentedSchema('/health', 'get', 200)
  expect(complaintAbout(schema, { status: 'ok' })).toBeUndefined()
  expect(complaintAbout(schema, { status: 'ok', more: 1 })).toBeDefined()
})

test.each([
  ['get', '/v1/models', 200],
  ['get', '/v1/models/{id}', 200, 'operator'],
  ['get', '/v1/models/{id}', 404, 'gpt-4o'],
  ['get', '/health', 200],
  ['get', '/ready', 200],
  ['get', '/', 200],
  ['get', '/openapi.json', 200],
  ['put', '/health', 405],
  ['post', '/v1/chat/completions', 400],
  ['get', '/v1/responses/{id}', 404, 'resp_x'],
] as const)('§1.11 a plain reply is as the document says: %s %s %i', async (method, path, status, id?: string) => {
  const gateway = await startHttp(says('never'), { durable: true })
  const response = await fetch(gateway.url + path.replace('{id}', id ?? ''), {
    method,
    headers: AS_CALLER,
    ...(method === 'post' && { body: '{}' }),
  })
  expect(response.status).toBe(status)
  const schema = documentedSchema(path, status === 405 ? 'get' : method, status)
  expect(complaintAbout(schema, await response.json())).toBeUndefined()
})

test('§1.11 a response is as the document says, from its creation to its end', async () => {
  const gateway = await startHttp(CALLS, { durable: true })
  const at = async (method: string, path: string, id = '', body?: object) => {
    const response = await fetch(gateway.url + path.replace('{id}', id), {
      method,
      headers: AS_CALLER,
      ...(body && { body: JSON.stringify(body) }),
    })
    const reply = (await response.json()) as { id: string }
    expect(response.status, JSON.stringify([reply, gateway.log])).toBe(200)
    expect(complaintAbout(documentedSchema(path, method.toLowerCase(), 200), reply)).toBeUndefined()
    return reply
  }
  const { parameters, name } = TOOL.function
  const tools = [{ type: 'function', name, parameters }]
  const { id } = await at('POST', '/v1/responses', '', { input: 'hello', tools, metadata: { a: 'b' }, ...TRACE })
  await at('GET', '/v1/responses/{id}', id)
  await at('GET', '/v1/responses/{id}/input_items', id)
  await at('DELETE', '/v1/responses/{id}', id)
})

test('§1.11 the document may be cached, and is not sent twice to who has it', async () => {
  const gateway = await startHttp(says('ok'), { durable: true })
  const url = `${gateway.url}/openapi.json`
  const first = await fetch(url)
  expect(first.headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect(first.headers.get('cache-control')).toBe('public, max-age=300')
  expect(await first.json()).toEqual(DOCUMENT)
  // Not by fetch, which would ask for a fresh one.
  const asked = `GET /openapi.json HTTP/1.1\r\nif-none-match: ${first.headers.get('etag')}\r\nconnection: close\r\n\r\n`
  expect(await sendRaw(gateway.url, asked)).toMatchObject({ status: 304, body: '' })
})

test('§1.11 the page of the documentation loads nothing but what this gateway serves', async () => {
  const gateway = await startHttp(says('ok'), { durable: true })
  const page = await fetch(`${gateway.url}/docs`)
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(page.headers.get('content-security-policy')).toMatch(
    /^default-src 'none';script-src 'self';.*connect-src 'self'/,
  )
  const html = await page.text()
  expect(html).not.toMatch(/<script>|<style>|\son\w+=/)
  const links = [...html.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, link = '']) => link)
  expect(links).toContain('/docs/swagger-ui-bundle.js')
  for (const link of links) {
    expect(link).toMatch(/^\/(?:docs\/|openapi\.json)/)
    const file = await fetch(gateway.url + link)
    expect(file.status).toBe(200)
    expect((await file.arrayBuffer()).byteLength).toBeGreaterThan(50)
  }
})

test('§1.11 of the folder that the page comes from, nothing else is served', async () => {
  const gateway = await startHttp(says('ok'), { durable: true })
  for (const file of ['package.json', 'index.html', '..%2fpackage.json', 'swagger-ui-bundle.js.map'])
    expect((await fetch(`${gateway.url}/docs/${file}`)).status).toBe(404)
})
