import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LivedLedger, livedLedger } from '../../../test/support/ledger-life.ts'
import { ANN, BOB } from '../../../test/support/ledger-orders.ts'
import { type InvariantReport, verifyLedger } from './verify-ledger.ts'

// What has happened is the same for all specs; what they do to it is undone.
let lived: LivedLedger
beforeAll(async () => {
  lived = await livedLedger()
})
afterAll(() => lived.database.close())

/** After `tamper`, done by somebody whom no guard stops. */
async function verifyAfter(tamper: string): Promise<InvariantReport[]> {
  let reports: InvariantReport[] = []
  const undone = lived.database.db.transaction().execute(async (tx) => {
    await sql`set local session_replication_role = replica`.execute(tx)
    if (tamper !== '') await sql.raw(tamper).execute(tx)
    await sql`set local session_replication_role = origin`.execute(tx)
    reports = await verifyLedger(tx)
    throw new Error('undone')
  })
  await expect(undone).rejects.toThrow('undone')
  return reports
}

/** By invariant. The server that specs share is not durable. */
function wrongs(reports: readonly InvariantReport[]): Record<string, readonly string[]> {
  const found = reports.filter(({ id, found }) => id !== 'I7' && found > 0)
  return Object.fromEntries(found.map(({ id, violations }) => [id, violations]))
}

test('where nothing is wrong, that is shown for each invariant, with how much was looked at', async () => {
  const reports = await verifyLedger(lived.database.db)
  expect(wrongs(reports)).toEqual({})
  expect(reports.map(({ id }) => id)).toEqual(Array.from({ length: 14 }, (_, n) => `I${n + 1}`))
  for (const { id, checked, note } of reports) if (note === undefined) expect(checked, id).toBeGreaterThan(0)
})

test('a server that may lose what it has acknowledged is told of', async () => {
  const durability = (await verifyAfter('alter table holds set unlogged')).find(({ id }) => id === 'I7')
  expect(durability?.violations).toEqual([
    'fsync is off: a loss of power can take what was acknowledged',
    'full_page_writes is off: a loss of power can take what was acknowledged',
    'table holds is unlogged: a crash empties it',
  ])
})

const GONE = (table: string, constraint: string) => `alter table ${table} drop constraint ${constraint}`
const charge = () => `kind = 'charge' and ref = '${lived.runs.paid}'`

test.each<[string, () => string, Record<string, RegExp>]>([
  [
    'an entry without its other half',
    () => `create or replace view ledger_entries as select id as transfer_id, debit as account, -amount as amount,
      debit_balance as balance, kind, ref, note, at from ledger_transfers where kind = 'charge' union all
      select id, credit, amount, credit_balance, kind, ref, note, at from ledger_transfers`,
    { I1: /all entries sum to \d+|has 1 entries/, I2: /account 0xa+ has/ },
  ],
  [
    'a charge that went to somebody',
    () => `update ledger_transfers set credit = '${BOB}' where ${charge()}`,
    { I1: /charge run_\w+ goes from 0xa+ to 0xb+/ },
  ],
  [
    'a balance that was raised by hand',
    () => `update accounts set balance = balance + 1 where id = '${ANN}'`,
    { I2: /account 0xa+ has \d+, and its entries sum to \d+/ },
  ],
  [
    'an entry that was taken away',
    () => `delete from ledger_transfers where kind = 'grant'`,
    { I2: /do not follow one another|its entries sum/ },
  ],
  ['an account that was taken away', () => `delete from accounts where id = '${BOB}'`, { I2: /account 0xb+ has/ }],
  [
    'two entries that begin at the same balance',
    () => `update ledger_transfers set debit_balance = debit_balance + 7 where ${charge()}`,
    { I2: /entries of account 0xa+ do not follow one another at \d+/ },
  ],
  [
    'a hold that its account has forgotten',
    () => `update accounts set held = 0 where id = '${ANN}'`,
    { I3: /account 0xa+ holds 0, and its open holds sum to 100/ },
  ],
  [
    'a counter that has lost a hold',
    () => `update spend_counters set held = 0 where period = 'ever'`,
    { I3: /counter ever of key:k has 0 held and 0 spent, and its holds make that 1 and 0/ },
  ],
  [
    'a counter that has lost what was spent',
    () => `update spend_counters set spent = 0 where period <> 'ever'`,
    { I3: /counter day .* has 100 held and 0 spent, and its holds make that 100 and 40/ },
  ],
  [
    'more held than there is',
    () => `${GONE('accounts', 'available_not_negative')};
      update holds set amount = 1000000 where run_id = '${lived.runs.open}';
      update accounts set held = 1000000 where id = '${ANN}'`,
    {
      I3: /counter day/,
      I4: /account 0xa+ has \d+ and holds 1000000/,
      I8: /available_not_negative of accounts is gone/,
    },
  ],
  [
    'a run that is charged twice',
    () => `${GONE('ledger_transfers', 'once_per_ref')};
      insert into ledger_transfers (kind, ref, debit, credit, amount, debit_balance)
      select kind, ref, debit, credit, amount, debit_balance - amount from ledger_transfers where ${charge()}`,
    { I2: /account 0xa+/, I5: /run run_\w+ is charged 2 times/, I8: /once_per_ref/ },
  ],
  [
    'a charge whose hold is open',
    () => `update holds set state = 'open', settled = 0, closed_at = null where run_id = '${lived.runs.paid}'`,
    { I3: /account 0xa+ holds/, I5: /was charged 50, and its hold is open/ },
  ],
  [
    'a charge without a hold',
    () => `delete from holds where run_id = '${lived.runs.paid}'`,
    { I5: /was charged 50, and its hold is not there/ },
  ],
  [
    'a hold that was closed without a bill',
    () => `delete from run_usage where run_id = '${lived.runs.released}'`,
    { I5: /is released and has no bill/ },
  ],
  [
    'more charged than was held',
    () => `${GONE('holds', 'settled_within_hold')}; update holds set amount = 10 where run_id = '${lived.runs.paid}'`,
    { I6: /was charged 50 of the 10 it held/, I8: /settled_within_hold/ },
  ],
  [
    'a guard that is gone',
    () => 'drop trigger closed_holds_stay on holds',
    { I8: /rows of holds can be changed: trigger closed_holds_stay/ },
  ],
  [
    'a guard that is off',
    () => 'alter table ledger_transfers disable trigger append_only',
    { I8: /rows of ledger_transfers/ },
  ],
  [
    'a guard that lets everything pass',
    () => 'create or replace function refuse_change() returns trigger language plpgsql as $$ begin return new; end $$',
    { I8: /rows of run_usage/ },
  ],
  [
    'a hold that nobody closes',
    () => `update holds set deadline = now() - interval '121 s' where run_id = '${lived.runs.open}'`,
    { I9: /run_\w+ holds 100 of account 0xa+/ },
  ],
  [
    'a key that leads nowhere',
    () => `update idempotency_keys set run_id = 'run_x' where run_id = '${lived.runs.paid}'`,
    { I11: /leads to run run_x, which is not there/ },
  ],
  [
    'a key that leads to the run of another',
    () => `update idempotency_keys set caller = 'mallory' where run_id = '${lived.runs.paid}'`,
    { I11: /of another caller or body/ },
  ],
  [
    'a fault of ours with a bill for somebody who left',
    () => `update run_usage set outcome = 'left' where run_id = '${lived.runs.released}'`,
    { I12: /was our fault/ },
  ],
  [
    'work that was given away',
    () => `update run_usage set amount = 40, written_off = 10 where run_id = '${lived.runs.paid}';
      update ledger_transfers set amount = 40 where ${charge()}; update holds set settled = 40 where run_id = '${lived.runs.paid}'`,
    { I2: /./, I12: /charged 40 of what it cost, 10 was written off, and it held 100/ },
  ],
  [
    'a charge for a backend that was down',
    () => `update run_usage set completion_tokens = 0, prompt_tokens = 50 where run_id = '${lived.runs.paid}';
      update runs set state = 'failed', outcome = (select outcome from runs where id = '${lived.runs.failed}') where id = '${lived.runs.paid}'`,
    { I12: /said nothing by our fault, and was charged 50/ },
  ],
  [
    'a bill that shows less than was charged',
    () => `update run_usage set amount = amount - 1, written_off = 1 where run_id = '${lived.runs.paid}'`,
    { I12: /./, I13: /shows 49 and was charged 50/ },
  ],
  [
    'a price that is not that of the work',
    () => `update run_usage set prompt_tokens = prompt_tokens + 1 where run_id = '${lived.runs.tools}'`,
    { I13: /costs 41, and 40 was charged and 0 written off/ },
  ],
  [
    'a tool that is told at another price',
    () =>
      `update run_usage set tools = '[{"name":"transaction_count","calls":2,"amount":"9"}]' where run_id = '${lived.runs.tools}'`,
    { I13: /costs 40/ },
  ],
  [
    'usage that is not what the caller was shown',
    () => `update run_usage set cached_tokens = 9 where run_id = '${lived.runs.paid}'`,
    { I13: /shows 30 and 20 tokens, 10 of them cached, and its bill 30, 20 and 9/ },
  ],
  [
    'an answer that was not charged, as its hold had expired',
    () => `update runs set id = '${lived.runs.expired}' where id = '${lived.runs.failed}';
      update runs set state = 'completed' where id = '${lived.runs.expired}';
      update idempotency_keys set run_id = '${lived.runs.expired}' where run_id = '${lived.runs.failed}'`,
    { I13: /is completed, and its hold had expired/ },
  ],
  [
    'a deposit that was not credited',
    () => `delete from ledger_transfers where kind = 'deposit'`,
    { I2: /./, I14: /deposit 8453:0xd1:3 is 70 for 0xa+, and 0 was credited to nobody/ },
  ],
  [
    'a deposit that was credited to another',
    () => `update deposits set account = '${BOB}'`,
    { I14: /is 70 for 0xb+, and 70 was credited to 0xa+/ },
  ],
  [
    'a deposit of a block that is not final',
    () => 'update deposits set block_number = 42',
    { I14: /is of block 42, and blocks are final below 42/ },
  ],
  [
    'a payment that was credited and not settled',
    () => `update x402_payments set state = 'failed', tx_hash = null where state = 'settled'`,
    { I14: /x402 .* is 0 for nobody, and 80 was credited/ },
  ],
  [
    'a voucher that has more accounts than uses',
    () => 'update vouchers set uses = 0',
    { I14: /voucher vch_1 was used 0 times, and 1 accounts/ },
  ],
])('%s is found', async (_, tamper, expected) => {
  const found = wrongs(await verifyAfter(tamper()))
  expect(Object.keys(found)).toEqual(Object.keys(expected))
  for (const [id, words] of Object.entries(expected)) expect(found[id]?.join('\n'), id).toMatch(words)
})

test('the first 20 of many are shown, and all are counted', async () => {
  const reports = await verifyAfter(`
    insert into idempotency_keys (caller, route, key, body_hash, run_id)
    select 'alice', 'chat', n, 'a1', 'nowhere' from generate_series(1, 33) as n`)
  const keys = reports.find(({ id }) => id === 'I11')
  expect(keys).toMatchObject({ found: 33, checked: 35 })
  expect(keys?.violations).toHaveLength(20)
})
