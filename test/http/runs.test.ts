import { expect, test } from 'vitest'
import { ANSWERED, CALLER, FAILED, startRunDesk, submitRun, toAnswered, workOn } from '../support/run-desk.ts'
import { newRunId } from '../support/stored-runs.ts'

const OTHER = { 'x-wallet-address': '0x00000000219ab540356cbb839cbe05303d7705fa' }
const UNIX_SECONDS = expect.closeTo(Date.now() / 1_000, -3)

test('a run in the queue says so, with when it will be given up', async () => {
  const desk = await startRunDesk()
  const { id } = await submitRun(desk)
  const { status, body } = await desk.ask('GET', `/${id}`)
  expect(status).toBe(200)
  expect(body).toEqual({
    id,
    object: 'run',
    status: 'queued',
    model: 'conductor',
    created_at: UNIX_SECONDS,
    started_at: null,
    ended_at: null,
    expires_at: body.created_at + 60,
    steps: 0,
    usage: null,
    error: null,
    metadata: {},
    result: null,
  })
})

test('a run in work counts its steps, and one that is done has the answer of the route that took it', async () => {
  const desk = await startRunDesk()
  const { id } = await submitRun(desk)
  const claim = (await desk.store.claim(id, 'worker')) ?? expect.fail()
  expect((await desk.ask('GET', `/${id}`)).body).toMatchObject({
    status: 'running',
    started_at: UNIX_SECONDS,
    steps: 0,
    result: null,
  })
  const usage = { promptTokens: 12, completionTokens: 3 }
  await desk.store.recordStep(claim, { step: 1, events: [{ type: 'finished', reason: 'stop', usage }], usage })
  expect((await desk.ask('GET', `/${id}`)).body).toMatchObject({
    steps: 1,
    usage: { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 },
  })
  await desk.store.finish(claim, ANSWERED)
  const { body } = await desk.ask('GET', `/${id}`)
  expect(body).toMatchObject({ status: 'completed', ended_at: UNIX_SECONDS, expires_at: null, error: null })
  expect(body.result).toEqual({
    id: id.replace('run_', 'chatcmpl-'),
    object: 'chat.completion',
    created: 1_767_225_600,
    model: 'conductor',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'It is 1 ETH.', refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 },
  })
})

test('a run that failed has its error, and no word of what is for the log', async () => {
  const desk = await startRunDesk()
  const { id } = await submitRun(desk)
  await workOn(desk, id, FAILED)
  expect((await desk.ask('GET', `/${id}`)).body).toMatchObject({
    status: 'failed',
    result: null,
    error: {
      message: "The model 'conductor' took too long to answer.",
      type: 'timeout_error',
      param: null,
      code: 'model_timeout',
    },
  })
})

test('metadata of the request is shown', async () => {
  const desk = await startRunDesk()
  const head = { id: 'chatcmpl-1', created: 1, model: 'conductor' }
  const envelope = { api: 'chat', head, trace: false, metadata: { team: 'a' } }
  const { id } = await submitRun(desk, { envelope })
  expect((await desk.ask('GET', `/${id}`)).body.metadata).toEqual({ team: 'a' })
})

test('the head of the reply and the log name the run', async () => {
  const desk = await startRunDesk()
  const { id } = await submitRun(desk)
  const response = await desk.send('GET', `/${id}`)
  expect(response.headers.get('x-groundwire-run-id')).toBe(id)
  await expect.poll(() => desk.log).toMatchObject([{ route: '/v1/runs/:id', runId: id, caller: CALLER, status: 200 }])
})

test('nobody sees or touches the run of another: it does not exist, like an id that is malformed', async () => {
  const desk = await startRunDesk()
  const { id } = await submitRun(desk)
  const ended = await submitRun(desk)
  await workOn(desk, ended.id)
  const paths = ['GET /ID', 'GET /ID/events', 'POST /ID/cancel', 'DELETE /ID']
  const replies = []
  for (const path of paths) {
    const [method = '', rest = ''] = path.split(' ')
    for (const run of [id, ended.id])
      replies.push([run, await desk.ask(method, rest.replace('ID', run), OTHER)] as const)
    for (const wrong of [newRunId(), 'run_x', '%00', 'run_%F0%9F%90%98', `${id}a`]) {
      replies.push([decodeURIComponent(wrong), await desk.ask(method, rest.replace('ID', wrong))] as const)
    }
  }
  expect(replies.map(([, reply]) => reply)).toEqual(
    replies.map(([run]) => ({
      status: 404,
      body: {
        error: {
          message: `Run with id '${run}' not found.`,
          type: 'invalid_request_error',
          param: 'id',
          code: null,
        },
      },
    })),
  )
  expect((await desk.ask('GET', '', OTHER)).body.data).toEqual([])
  expect((await desk.ask('GET', `?after=${id}`, OTHER)).status).toBe(400)
  expect((await desk.store.find(CALLER, id))?.state).toBe('queued')
  expect((await desk.store.find(CALLER, ended.id))?.state).toBe('completed')
})

test('a caller has to say who it is', async () => {
  const { url } = await startRunDesk()
  const id = newRunId()
  for (const [method, path] of [
    ['GET', ''],
    ['GET', `/${id}`],
    ['GET', `/${id}/events`],
    ['POST', `/${id}/cancel`],
    ['DELETE', `/${id}`],
  ]) {
    expect((await fetch(`${url}/v1/runs${path}`, { method: method ?? '' })).status).toBe(401)
  }
})

test('a method that a route does not know is a 405 with those it does', async () => {
  const desk = await startRunDesk()
  for (const [method = '', path = '', allow] of [
    ['POST', '', 'GET, HEAD, OPTIONS'],
    ['PUT', '/run_x', 'GET, HEAD, DELETE, OPTIONS'],
    ['DELETE', '/run_x/events', 'GET, HEAD, OPTIONS'],
    ['GET', '/run_x/cancel', 'POST, OPTIONS'],
  ]) {
    const response = await desk.send(method, path)
    expect([method, path, response.status, response.headers.get('allow')]).toEqual([method, path, 405, allow])
  }
})

test('the list has the latest first, page by page, without results', async () => {
  const desk = await startRunDesk()
  const ids: string[] = []
  for (let at = 0; at < 5; at++) ids.unshift((await submitRun(desk)).id)
  await workOn(desk, ids[2] ?? '')
  const first = (await desk.ask('GET', '?limit=3')).body
  expect(first).toMatchObject({ object: 'list', first_id: ids[0], last_id: ids[2], has_more: true })
  expect(first.data.map((run: { id: string }) => run.id)).toEqual(ids.slice(0, 3))
  expect(first.data[2]).toMatchObject({ object: 'run', status: 'completed' })
  expect(first.data[2]).not.toHaveProperty('result')
  const second = (await desk.ask('GET', `?limit=3&after=${first.last_id}`)).body
  expect(second).toMatchObject({ first_id: ids[3], last_id: ids[4], has_more: false })
  const none = (await desk.ask('GET', `?after=${ids[4]}`)).body
  expect(none).toEqual({ object: 'list', data: [], first_id: null, last_id: null, has_more: false })
})

test('the list can be held to one status', async () => {
  const desk = await startRunDesk()
  const { id } = await submitRun(desk)
  await submitRun(desk)
  await workOn(desk, id)
  const { body } = await desk.ask('GET', '?status=completed')
  expect(body.data.map((run: { id: string }) => run.id)).toEqual([id])
})

test('a query that is wrong is a 400', async () => {
  const desk = await startRunDesk()
  for (const [query, field] of [
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=x', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['status=done', 'status'],
    ['after=run_x', 'after'],
    ['after=%00', 'after'],
  ]) {
    const { status, body } = await desk.ask('GET', `?${query}`)
    expect([query, status, body.error.param]).toEqual([query, 400, field])
  }
})

test('cancelling ends a run that waits or is in work; again, or too late, it changes nothing', async () => {
  const desk = await startRunDesk()
  const waiting = await submitRun(desk)
  const working = await submitRun(desk)
  const claim = (await desk.store.claim(working.id, 'worker')) ?? expect.fail()
  const done = await submitRun(desk)
  await workOn(desk, done.id)
  for (const { id } of [waiting, working]) {
    const first = await desk.ask('POST', `/${id}/cancel`)
    expect(first).toMatchObject({ status: 200, body: { id, status: 'cancelled', error: null, result: null } })
    expect(await desk.ask('POST', `/${id}/cancel`)).toEqual(first)
  }
  await expect(desk.store.finish(claim, ANSWERED)).rejects.toThrow()
  expect(await desk.ask('POST', `/${done.id}/cancel`)).toMatchObject({ status: 200, body: { status: 'completed' } })
})

test('a run that has ended can be deleted, one that has not is a 409 that SDKs do not send again', async () => {
  const desk = await startRunDesk()
  const { id } = await submitRun(desk)
  const refused = await desk.send('DELETE', `/${id}`)
  expect(refused.headers.get('x-should-retry')).toBe('false')
  expect({ status: refused.status, body: await refused.json() }).toEqual({
    status: 409,
    body: {
      error: {
        message: 'The run is still queued. Cancel it first.',
        type: 'conflict_error',
        param: null,
        code: 'run_not_ended',
      },
    },
  })
  await desk.ask('POST', `/${id}/cancel`)
  expect(await desk.ask('DELETE', `/${id}`)).toEqual({ status: 200, body: { id, object: 'run', deleted: true } })
  expect((await desk.ask('GET', `/${id}`)).status).toBe(404)
  expect((await desk.ask('DELETE', `/${id}`)).status).toBe(404)
})

test('an answer that max_tokens cut is whole on the wire', async () => {
  const desk = await startRunDesk()
  const { id } = await submitRun(desk)
  await workOn(desk, id, toAnswered('length'))
  expect((await desk.ask('GET', `/${id}`)).body.result.choices[0].finish_reason).toBe('length')
})
