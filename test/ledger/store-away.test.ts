import { expect, test } from 'vitest'
import { createLedger } from '../../src/accounts/ledger/create-ledger.ts'
import { connectDatabase } from '../../src/db/connect-database.ts'
import { ANN, fundedLedger, holdOrder, runDone } from '../support/ledger-orders.ts'

const AWAY = { status: 503, code: 'store_unavailable', retryAfterSec: expect.any(Number) }

test('a ledger that cannot be reached says so to whatever is asked, and admits nothing', async () => {
  const nowhere = connectDatabase({ connectionString: 'postgresql://ann:secret@127.0.0.1:1/none', advice: '' })
  const ledger = createLedger({ database: nowhere })
  const asked = [
    ledger.hold(holdOrder()),
    ledger.hold(holdOrder({ amount: 0n })),
    ledger.extend('run_a', 10n),
    ledger.settle('run_a', runDone()),
    ledger.findHold('run_a'),
    ledger.balance(ANN),
    ledger.topUp({ kind: 'grant', ref: 'a', account: ANN, amount: 1n }),
    ledger.move({ kind: 'correction', ref: 'a', from: ANN, to: 'house:corrections', amount: 1n }),
    ledger.closeLost(),
  ]
  for (const answer of asked) await expect(answer).rejects.toMatchObject(AWAY)
  await nowhere.close()
})

test('a store that goes away in the middle of a hold holds nothing, and the same request later holds once', async () => {
  const { ledger, database } = await fundedLedger()
  const order = holdOrder()
  const blocker = await database.pool.connect()
  await blocker.query('begin')
  await blocker.query('update accounts set held = held')
  const first = ledger.hold(order).catch((error: unknown) => error)
  const waiting = async () =>
    (
      await database.pool.query<{ pid: number }>(
        "select pid from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
      )
    ).rows
  await expect.poll(waiting).toHaveLength(1)
  await database.pool.query('select pg_terminate_backend($1)', [(await waiting())[0]?.pid])
  expect(await first).toMatchObject(AWAY)
  await blocker.query('rollback')
  blocker.release()
  expect(await ledger.balance(ANN)).toMatchObject({ held: 0n })
  for (let tries = 0; tries < 2; tries++) expect(await ledger.hold(order)).toMatchObject({ amount: 100n, account: ANN })
  expect(await ledger.balance(ANN)).toMatchObject({ held: 100n, available: 900n })
})
