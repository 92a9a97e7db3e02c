import { sql } from 'kysely'
import { type Check, find } from './findings.ts'

/** I10: a call that was never made has no row. */
export const checkRefusals: Check = async () => ({
  checked: 0,
  found: 0,
  violations: [],
  note: 'Not to be seen in rows: held by test/gateway/money.test.ts and test/ledger/store-away.test.ts.',
})

/** I11. */
export const checkKeys: Check = (tx) =>
  find(tx, {
    of: sql`select count(*) from idempotency_keys`,
    wrong: sql`
      select format('key %s of %s is there %s times', key, caller, count(*)) as what
      from idempotency_keys group by caller, route, key having count(*) > 1
      union all
      select format('key %s of %s leads to run %s, which is %s', key, keys.caller, run_id,
        case when runs.id is null then 'not there' else 'of another caller or body' end)
      from idempotency_keys as keys left join runs on runs.id = run_id
      where runs.id is null or (runs.caller, runs.route, runs.body_hash) <> (keys.caller, keys.route, keys.body_hash)`,
  })
