import { expect, onTestFinished, test } from 'vitest'
import { checkKeys } from '../../src/accounts/verify/check-answers.ts'
import { connectDatabase } from '../../src/db/connect-database.ts'
import { migrate, migrateTo } from '../../src/db/migrate.ts'
import { emptyDatabaseUrl } from '../support/database.ts'
import { newWallet, openWallet } from '../support/orgs.ts'
import { query } from './scratch.ts'

test('after an update a wallet that has no account is a claim, with its runs; one that has an account keeps all', async () => {
  const connectionString = await emptyDatabaseUrl()
  const { db, close } = connectDatabase({ connectionString, advice: 'the test server is gone' })
  onTestFinished(close)
  await migrateTo(db, '0005-limits')
  const [claimed, known] = [newWallet(), await openWallet(db)]
  const callers = [claimed, known, 'key_aee27a1dd18b', 'acct_0123456789abcdef']
  for (const caller of callers) {
    const run = { id: `run_${caller}`, route: 'chat', body_hash: 'hash' }
    const order = { model: 'operator', order: '{}', envelope: '{}', usage: '{}', bytes: 1, run_timeout_ms: 1 }
    const states = { has_key: true, background: false, in_place: false, deadline: new Date() }
    await db
      .insertInto('runs')
      .values({ ...run, ...order, ...states, caller })
      .execute()
    await db
      .insertInto('idempotency_keys')
      .values({ caller, key: 'k', run_id: run.id, route: 'chat', body_hash: 'hash' })
      .execute()
    await db
      .insertInto('kept')
      .values({ kind: 'response', caller, id: 'r', value: '{}', expires_at: new Date() })
      .execute()
  }
  await migrate(connectionString)
  for (const table of ['runs', 'idempotency_keys', 'kept']) {
    const rows = await query<{ caller: string }>(connectionString, `select caller from ${table}`)
    expect(rows.map(({ caller }) => caller).sort()).toEqual([`claim:${claimed}`, ...callers.slice(1)].sort())
  }
  expect(await db.transaction().execute(checkKeys)).toMatchObject({ checked: callers.length, found: 0 })
})
