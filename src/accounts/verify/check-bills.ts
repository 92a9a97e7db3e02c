import { sql } from 'kysely'
import { type Check, findAll } from './findings.ts'

/** An outcome that Postgres can take apart: models write letters that its texts cannot have, NUL and half of a pair. */
const OUTCOME = sql`replace(replace(runs.outcome::text, '\\u0000', '\\u0001'), '\\ud', '\\u0')::json`

/** I12. */
export const checkFaults: Check = (tx) =>
  findAll(tx, [
    {
      of: sql`select count(*) from holds where state = 'released'`,
      wrong: sql`
        select format('run %s was our fault and has a bill of %s for one that %s', holds.run_id, run_usage.amount, outcome) as what
        from holds join run_usage on run_usage.run_id = holds.run_id
        where state = 'released'
          and (run_usage.amount > 0 or (outcome <> 'failed' and prompt_tokens + completion_tokens > 0))`,
    },
    {
      of: sql`select count(*) from run_usage join holds on holds.run_id = run_usage.run_id where state = 'settled'`,
      wrong: sql`
        select format('run %s was charged %s of what it cost, %s was written off, and it held %s', holds.run_id, settled,
          written_off, holds.amount) as what
        from run_usage join holds on holds.run_id = run_usage.run_id
        where state = 'settled' and written_off > 0 and settled < holds.amount`,
    },
    {
      of: sql`select count(*) from run_usage join runs on id = run_id where runs.state = 'failed'`,
      wrong: sql`
        select format('run %s said nothing by our fault, and was charged %s', id, amount) as what
        from run_usage join runs on id = run_id
        where runs.state = 'failed' and amount > 0 and completion_tokens = 0 and json_array_length(tools) = 0
          and (${OUTCOME}->'error'->>'status')::int >= 500`,
    },
  ])

/** I13. The price is that of `price.ts`, worked out anew. */
export const checkBills: Check = (tx) =>
  findAll(tx, [
    {
      of: sql`select count(*) from run_usage`,
      wrong: sql`
        select format('run %s shows %s and was charged %s', run_usage.run_id, run_usage.amount, coalesce(charge.amount, 0)) as what
        from run_usage left join ledger_transfers as charge on kind = 'charge' and ref = run_usage.run_id
        where run_usage.amount <> coalesce(charge.amount, 0)`,
    },
    {
      of: sql`select count(*) from run_usage join holds on holds.run_id = run_usage.run_id`,
      wrong: sql`
        select format('run %s costs %s, and %s was charged and %s written off', run_id, cost, amount, written_off) as what
        from (
          select run_usage.run_id, run_usage.amount, written_off, called.told, called.amount as called,
            div(
              (prompt_tokens - least(cached_tokens, prompt_tokens)) * prompt
                + least(cached_tokens, prompt_tokens) * coalesce(cached, prompt)
                + completion_tokens * completion + 999999,
              1000000
            ) + called.amount + run as cost
          from run_usage join holds on holds.run_id = run_usage.run_id,
            lateral (
              select (terms->'rates'->>'promptPerMillion')::numeric as prompt,
                (terms->'rates'->>'completionPerMillion')::numeric as completion,
                (terms->'rates'->>'cachedPerMillion')::numeric as cached,
                coalesce((terms->'rates'->>'perRun')::numeric, 0) as run
            ) as rates,
            lateral (
              select coalesce(sum((tool->>'calls')::numeric * coalesce((terms->'toolPrices'->>(tool->>'name'))::numeric, 0)), 0)
                  as amount,
                coalesce(sum((tool->>'amount')::numeric), 0) as told
              from json_array_elements(tools) as tool
            ) as called
        ) as bills where amount + written_off <> cost or told <> called`,
    },
    {
      of: sql`select count(*) from run_usage join runs on id = run_id where runs.state = 'completed'`,
      wrong: sql`
        select format('run %s shows %s and %s tokens, %s of them cached, and its bill %s, %s and %s', id, shown.prompt,
          shown.completion, shown.cached, prompt_tokens, completion_tokens, cached_tokens) as what
        from run_usage join runs on id = run_id, lateral (
          select (usage->>'promptTokens')::bigint as prompt, (usage->>'completionTokens')::bigint as completion,
            coalesce((usage->>'cachedTokens')::bigint, 0) as cached
          from (select ${OUTCOME}->'usage' as usage) as outcome
        ) as shown
        where runs.state = 'completed'
          and (shown.prompt, shown.completion, shown.cached) is distinct from (prompt_tokens, completion_tokens, cached_tokens)
        union all
        select format('run %s is completed, and its hold had expired: it was not charged', id)
        from holds join runs on id = run_id where runs.state = 'completed' and holds.state = 'expired'`,
    },
  ])
