import { type RawBuilder, sql } from 'kysely'

/** What is summed up: a line for each run. */
export const runLines = (condition: RawBuilder<unknown>): RawBuilder<unknown> => sql`
  select ${GROUPED}, true as is_run, null::text as tool, prompt_tokens, cached_tokens, completion_tokens, amount as charged,
    written_off, (select coalesce(sum((one->>'calls')::bigint), 0) from json_array_elements(tools) as one) as tool_calls
  from run_usage where ${condition}`

/**
 * The same, split: a line for each tool of a run, and one for the run itself, which has the tokens and what the tools leave of the
 * charge. A charge that did not cover the cost has paid for the tools first, in their order.
 *
 * The runs are found first: Postgres expects a hundred tools of each, and would rather read the whole table.
 */
export const toolLines = (condition: RawBuilder<unknown>): RawBuilder<unknown> => sql`
  with runs as materialized (
    select ${GROUPED}, prompt_tokens, cached_tokens, completion_tokens, amount, written_off, tools
    from run_usage where ${condition}
  )
  select day, model, key_id, caller, account, outcome, is_estimated, is_run, parts.name as tool,
    case when is_run then prompt_tokens else 0 end as prompt_tokens,
    case when is_run then cached_tokens else 0 end as cached_tokens,
    case when is_run then completion_tokens else 0 end as completion_tokens,
    case when is_run then amount - parts.charged else parts.charged end as charged,
    case when is_run then written_off - (parts.cost - parts.charged) else parts.cost - parts.charged end as written_off,
    case when is_run then 0 else parts.calls end as tool_calls
  from runs, lateral (
    select name, grouping(name) = 1 as is_run, coalesce(sum(calls), 0) as calls, coalesce(sum(cost), 0) as cost,
      coalesce(sum(least(cost, greatest(runs.amount - before, 0))), 0) as charged
    from (
      select one->>'name' as name, (one->>'calls')::bigint as calls, (one->>'amount')::bigint as cost,
        sum((one->>'amount')::bigint) over (order by place) - (one->>'amount')::bigint as before
      from json_array_elements(tools) with ordinality as listed(one, place)
    ) as called
    group by grouping sets ((name), ())
  ) as parts`

const GROUPED = sql`
  (at at time zone 'UTC')::date::text as day, model, key_id, caller, account, outcome, is_estimated`
