import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { createModel, finished } from '../../test/support/agent-run.ts'
import { toModelRequest } from '../../test/support/ask-model.ts'
import { newRunId, ORDER } from '../../test/support/stored-runs.ts'
import { createRunTill } from '../accounts/ledger/create-run-till.ts'
import type { FoundHold } from '../accounts/ledger/find-hold.ts'
import type { RunDone } from '../accounts/ledger.ts'
import { connectDatabase } from '../db/connect-database.ts'
import { GatewayError } from '../errors.ts'
import { chargeRuns } from './charge-runs.ts'
import { isNobodysFault } from './is-nobodys-fault.ts'
import type { Journal } from './journal.ts'
import type { ExecuteRun } from './run.ts'

const JOURNAL = {} as Journal

/** Asks its model once. */
const executeRun: ExecuteRun = async function* ({ model }) {
  for await (const event of model.stream(toModelRequest('hello'))) if (event.type === 'text') yield event
}

test('a kept run whose store is away as its hold is looked up has not failed, and asks no model', async () => {
  const database = connectDatabase({ connectionString: 'postgres://127.0.0.1:1/none', advice: '' })
  onTestFinished(() => database.close())
  const { db } = database
  const model = createModel(async function* () {
    yield finished()
  })
  const charged = chargeRuns(executeRun, {
    db,
    till: createRunTill(db),
    models: { list: () => [] },
    onError: () => {},
  })
  const order = { ...ORDER, id: newRunId(), caller: 'alice', model }
  const run = charged(order, new AbortController().signal, JOURNAL)[Symbol.asyncIterator]()
  const error: unknown = await run.next().catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ status: 503, code: 'store_unavailable' })
  expect(isNobodysFault(error)).toBe(true)
  expect(model.requests).toEqual([])
})

const HOLD: FoundHold = {
  ...{ runId: newRunId(), account: 'acct_0000000000000001', amount: 9_000n, caller: 'alice', keyId: null, orgId: null },
  ...{ model: 'operator', counters: [] },
  terms: { rates: { promptPerMillion: 1_000_000n, completionPerMillion: 1_000_000n, perRun: 0n }, toolPrices: {} },
}
const STOPPED = new GatewayError('The gateway was stopped.', { status: 503, code: 'server_stopped' })
const LEFT = new DOMException('The caller hung up.', 'AbortError')

test.each([
  ['we stop, and it had not been sent, is not charged', STOPPED, 1, { outcome: 'failed', isUncharged: true }],
  ['we stop, and some of it had been sent, is charged', STOPPED, 2, { outcome: 'failed', isUncharged: false }],
  ['the caller leaves is charged', LEFT, 1, { outcome: 'left', isUncharged: false }],
])('what the model had written when %s', async (_what, reason, texts, done) => {
  const settled: RunDone[] = []
  const charged = chargeRuns(twoSteps, {
    db: connectDatabase({ connectionString: 'postgres://127.0.0.1:1/none', advice: '' }).db,
    till: { settle: async (_hold, done) => void settled.push(done) },
    models: { list: () => [] },
    onError: () => {},
  })
  const model = createModel(async function* () {})
  const order = { ...ORDER, id: HOLD.runId, caller: HOLD.caller, model, stream: true, hold: HOLD }
  const leaving = new AbortController()
  let heard = 0
  for await (const { type } of charged(order, leaving.signal)) {
    if (type !== 'text' || ++heard < texts) continue
    leaving.abort(reason)
    break
  }
  expect(settled).toMatchObject([done])
})

/** Writes two words in its second step, and waits then. */
const twoSteps: ExecuteRun = async function* (_order, signal) {
  yield { type: 'step_finished', step: 1, usage: { promptTokens: 10, completionTokens: 5 } }
  yield { type: 'text', text: 'The ' }
  yield { type: 'text', text: 'answer' }
  if (!signal.aborted) await once(signal, 'abort')
}
