import { once } from 'node:events'
import { get } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { WALLET } from '../support/http-gateway.ts'
import { CALLER, type RunDeskOnWire, startRunDesk, submitRun, workOn } from '../support/run-desk.ts'
import { newRunId } from '../support/stored-runs.ts'

type Told = { id: number; event: string; data: Record<string, unknown> }

/** As strict as an `EventSource`, which reads `id` and `event` lines before the data. */
function readFrames(text: string): Told[] {
  const frames = text.replace(/^:.*\n/gm, '').split('\n\n')
  expect(frames.pop(), 'the stream ends within a frame').toBe('')
  return frames.map((frame) => {
    const [, id, event = '', data = ''] = /^id: (\d+)\nevent: (\S+)\ndata: (.+)$/.exec(frame) ?? expect.fail(frame)
    return { id: Number(id), event, data: JSON.parse(data) }
  })
}

const typesOf = (told: readonly Told[]) => told.map(({ event }) => event)

/** Reads along; what has come so far is in `text`. */
async function readAlong(desk: RunDeskOnWire, path: string): Promise<{ text: string; isOver: boolean; leave(): void }> {
  const left = new AbortController()
  onTestFinished(() => left.abort())
  const response = await desk.send('GET', path, {}, left.signal)
  expect(response.status).toBe(200)
  const reading = { text: '', isOver: false, leave: () => left.abort() }
  const decoder = new TextDecoder()
  const read = async () => {
    for await (const chunk of response.body ?? []) reading.text += decoder.decode(chunk, { stream: true })
    reading.isOver = true
  }
  read().catch(() => {})
  return reading
}

test('a run that has ended is told from its start, and the stream closes', async () => {
  const desk = await startRunDesk()
  const { id } = await submitRun(desk)
  await workOn(desk, id)
  const response = await desk.send('GET', `/${id}/events`)
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(response.headers.get('x-groundwire-run-id')).toBe(id)
  const told = readFrames(await response.text())
  expect(told.map(({ id: at }) => at)).toEqual([1, 2, 3, 4, 5])
  for (const { id: at, event, data } of told) {
    expect(data).toMatchObject({ type: event, sequence_number: at, run_id: id, created_at: expect.any(Number) })
  }
  expect(told.map(({ data }) => data)).toMatchObject([
    { type: 'run.queued' },
    { type: 'run.started', attempt: 1 },
    {
      type: 'run.step_finished',
      step: 1,
      usage: {
        prompt_tokens: 12,
        completion_tokens: 3,
        total_tokens: 15,
        prompt_tokens_details: { cached_tokens: 4 },
      },
    },
    {
      type: 'run.tool_finished',
      step: 1,
      call_id: 'call_1',
      name: 'native_balance',
      ok: true,
      summary: 'It holds 1 ETH.',
    },
    { type: 'run.completed', run: (await desk.ask('GET', `/${id}`)).body },
  ])
})

test('a run that goes on is told as it happens, to its end', async () => {
  const desk = await startRunDesk()
  const { id } = await submitRun(desk)
  const reading = await readAlong(desk, `/${id}/events`)
  await expect.poll(() => typesOf(readFrames(reading.text))).toEqual(['run.queued'])
  const claim = (await desk.store.claim(id, 'worker')) ?? expect.fail()
  await expect.poll(() => typesOf(readFrames(reading.text))).toEqual(['run.queued', 'run.started'])
  expect(reading.isOver).toBe(false)
  await desk.store.finish(claim, { state: 'cancelled' })
  await expect.poll(() => reading.isOver).toBe(true)
  expect(readFrames(reading.text).at(-1)).toMatchObject({
    id: 3,
    event: 'run.cancelled',
    data: { run: { id, status: 'cancelled', result: null } },
  })
})

test('a stream goes on after the number that was seen last, whatever is said of the URL', async () => {
  const desk = await startRunDesk()
  const { id } = await submitRun(desk)
  await workOn(desk, id)
  const after = async (query: string, headers: Record<string, string> = {}) =>
    readFrames(await (await desk.send('GET', `/${id}/events${query}`, headers)).text()).map((told) => told.id)
  expect(await after('?starting_after=3')).toEqual([4, 5])
  expect(await after('', { 'last-event-id': '2' })).toEqual([3, 4, 5])
  expect(await after('?starting_after=1', { 'last-event-id': '4' })).toEqual([5])
  expect(await after('?starting_after=0')).toEqual([1, 2, 3, 4, 5])
})

test('where all has been told it is a 204, which also stops an EventSource', async () => {
  const desk = await startRunDesk()
  const { id } = await submitRun(desk)
  await workOn(desk, id)
  for (const seen of [5, 6, 99_999_999_999]) {
    const response = await desk.send('GET', `/${id}/events`, { 'last-event-id': String(seen) })
    expect({ status: response.status, text: await response.text() }).toEqual({ status: 204, text: '' })
  }
})

test('a number that is still to come does not hide the end', async () => {
  const desk = await startRunDesk()
  const { id } = await submitRun(desk)
  const reading = await readAlong(desk, `/${id}/events?starting_after=99999999999`)
  await desk.store.cancel(CALLER, id)
  await expect.poll(() => reading.isOver).toBe(true)
  expect(typesOf(readFrames(reading.text))).toEqual(['run.cancelled'])
})

test('a number that is none is a 400', async () => {
  const desk = await startRunDesk()
  const { id } = await submitRun(desk)
  for (const number of ['-1', '1.5', 'x', '1e999']) {
    const byQuery = await desk.ask('GET', `/${id}/events?starting_after=${number}`)
    expect(byQuery, number).toMatchObject({ status: 400, body: { error: { param: 'starting_after' } } })
    const byHeader = await desk.ask('GET', `/${id}/events`, { 'last-event-id': number })
    expect(byHeader, number).toMatchObject({ status: 400, body: { error: { param: 'last-event-id' } } })
  }
})

test('silence is broken by comments', async () => {
  const desk = await startRunDesk({ heartbeatMs: 20 })
  const { id } = await submitRun(desk)
  const reading = await readAlong(desk, `/${id}/events`)
  await expect.poll(() => reading.text.split(': ping\n').length).toBeGreaterThan(3)
  expect(typesOf(readFrames(reading.text))).toEqual(['run.queued'])
})

test('who leaves does not stop the run, and is forgotten', async () => {
  const desk = await startRunDesk()
  const { id } = await submitRun(desk)
  const reading = await readAlong(desk, `/${id}/events`)
  reading.leave()
  await expect.poll(() => desk.log).toMatchObject([{ route: '/v1/runs/:id/events', status: 499, runId: id }])
  expect((await desk.store.find(CALLER, id))?.state).toBe('queued')
})

test('many may read along, and all hear the end', async () => {
  const desk = await startRunDesk()
  const { id } = await submitRun(desk)
  const readers = await Promise.all(Array.from({ length: 20 }, () => readAlong(desk, `/${id}/events`)))
  await workOn(desk, id)
  await expect.poll(() => readers.every((reader) => reader.isOver)).toBe(true)
  for (const { text } of readers) expect(readFrames(text).map((told) => told.id)).toEqual([1, 2, 3, 4, 5])
})

test('a run that is deleted meanwhile ends the stream with an error', async () => {
  const desk = await startRunDesk()
  const { id } = await submitRun(desk)
  const reading = await readAlong(desk, `/${id}/events`)
  await expect.poll(() => reading.text).toContain('run.queued')
  // As the retention does it, without the end being heard.
  await desk.database.pool.query('delete from runs where id = $1', [id])
  await expect.poll(() => reading.isOver).toBe(true)
  expect(reading.text).toMatch(/\ndata: \{"error":\{"message":"Run with id 'run_[0-9a-f]{24}' not found\."[^\n]+\n\n$/)
})

test('a HEAD request has the head of the stream, and does not wait', async () => {
  const desk = await startRunDesk()
  const { id } = await submitRun(desk)
  const response = await desk.send('HEAD', `/${id}/events`)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect((await desk.send('HEAD', `/${newRunId()}/events`)).status).toBe(404)
})

test('the head is out before anything happens', async () => {
  const desk = await startRunDesk()
  const { id } = await submitRun(desk)
  const request = get(`${desk.url}/v1/runs/${id}/events?starting_after=1`, { headers: { 'x-wallet-address': WALLET } })
  onTestFinished(() => void request.destroy())
  const [response] = await once(request, 'response')
  expect(response.statusCode).toBe(200)
})
