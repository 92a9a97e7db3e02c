import { expect, test } from 'vitest'
import { calls, HELLO, says, startHttp } from '../support/http-gateway.ts'
import { readChunks } from '../support/read-chunks.ts'

test('§1.7 ids are their prefix and letters or digits, and no two replies share one', async () => {
  const gateway = await startHttp(says('ok'))
  const ids = await Promise.all(
    Array.from(
      { length: 200 },
      async () => ((await (await gateway.ask(HELLO)).json()) as unknown as { id: string }).id,
    ),
  )
  for (const id of ids) expect(id).toMatch(/^chatcmpl-[0-9a-z]{24}$/)
  expect(new Set(ids).size).toBe(200)
})

test('§1.7 a reply, its stream and its run share the end of their ids', async () => {
  const gateway = await startHttp(says('ok'))
  const response = await gateway.ask({ ...HELLO, stream: true })
  const runId = response.headers.get('x-groundwire-run-id')
  const { chunks } = readChunks(await response.text())
  expect(chunks[0].id).toBe(runId?.replace('run_', 'chatcmpl-'))
})

test('§1.7 the id of a call is the same blocking and streaming, as the caller will answer it', async () => {
  const call = { id: `call_${'a1'.repeat(12)}`, name: 'f', argumentsText: '{}' }
  const gateway = await startHttp(calls(call))
  const whole = await (await gateway.ask(HELLO)).json()
  const streamed = readChunks(await (await gateway.ask({ ...HELLO, stream: true })).text())
  expect([whole.choices[0]?.message.tool_calls?.[0]?.id, streamed.calls[0]?.id]).toEqual([call.id, call.id])
})
