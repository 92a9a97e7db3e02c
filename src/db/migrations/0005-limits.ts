import { type Kysely, sql } from 'kysely'

/** Unlogged: a crash of the server forgets at most a minute of counts, and no request waits for a disk. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create unlogged table rate_limits (
      subject text primary key,
      used bigint not null,
      ends_at timestamptz not null
    ) with (fillfactor = 70)`.execute(db)
  await sql`create index rate_limits_end on rate_limits (ends_at)`.execute(db)
  // A function, so that a request asks once however many limits it has, and many requests together: each statement of it sees what
  // the one before has locked. Takes of one `asker`, whose numbers ascend, are counted all or none.
  await sql`
    create function take_rates(askers int[], subjects text[], amounts bigint[], limits bigint[], window_ms float8)
    returns table (used bigint, ms_left float8, window_end text, is_within boolean)
    language plpgsql as $$
    #variable_conflict use_column
    declare
      at timestamptz;
      is_taken boolean;
      asking int;
    begin
      -- Makes the rows that are missing and locks those that are there, for everybody in the same order.
      insert into rate_limits (subject, used, ends_at)
      select distinct subject, 0, 'epoch'::timestamptz from unnest(subjects) as subject order by subject
      on conflict (subject) do update set used = excluded.used where false;

      at := clock_timestamp(); -- whoever waited for a lock must not count by a time before it

      for asking in select distinct asker from unnest(askers) as asker order by asker loop
        select bool_and(case when rate.ends_at > at then rate.used else 0 end + take.amount <= take.most) into is_taken
        from unnest(askers, subjects, amounts, limits) as take (asker, subject, amount, most)
        join rate_limits rate using (subject)
        where take.asker = asking;

        if is_taken then
          update rate_limits rate set
            used = case when rate.ends_at > at then rate.used else 0 end + take.amount,
            ends_at = case when rate.ends_at > at then rate.ends_at else at + window_ms * interval '1 ms' end
          from unnest(askers, subjects, amounts) as take (asker, subject, amount)
          where take.asker = asking and rate.subject = take.subject and take.amount > 0;
        end if;

        return query
        select
          now.used,
          case when rate.ends_at > at then extract(epoch from rate.ends_at - at)::float8 * 1000 else 0 end,
          (extract(epoch from rate.ends_at) * 1000000)::bigint::text,
          is_taken or now.used + take.amount <= take.most
        from unnest(askers, subjects, amounts, limits) with ordinality as take (asker, subject, amount, most, place)
        join rate_limits rate using (subject)
        cross join lateral (select case when rate.ends_at > at then rate.used else 0 end as used) now
        where take.asker = asking
        order by take.place;
      end loop;
    end $$`.execute(db)
}
