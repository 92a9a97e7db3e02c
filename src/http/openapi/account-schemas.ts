import { z } from 'zod'
import { ROLES } from '../../accounts/identity.ts'
import { listOf } from './list-of.ts'
import { count, credits, unixSeconds } from './numbers.ts'

const held = credits.meta({ description: 'For runs that have not ended.' })
const available = credits.meta({ description: '`balance` less `held`.' })

const budget = z
  .object({
    limit: credits,
    used: credits.meta({ description: 'Spent, or held for runs that have not ended.' }),
    available: credits,
  })
  .nullable()
const budgets = z.object({
  credits_per_day: budget.meta({ description: 'Of this day (UTC); null: no budget of its own.' }),
  credits_per_month: budget.meta({ description: 'Of this month (UTC).' }),
})

export const Account = z
  .object({
    object: z.literal('account'),
    id: z
      .string()
      .nullable()
      .meta({ description: 'A wallet in lower case, `acct_…`, or `org_…`; null for a mere claim.' }),
    kind: z.enum(['wallet', 'org', 'account']).nullable(),
    wallet: z.string().nullable(),
    caller: z.string().meta({ description: 'Whose runs yours are.' }),
    mode: z.enum(['paid', 'free']).meta({ description: 'In free mode no balance is touched.' }),
    balance: credits.nullable(),
    held: held.nullable(),
    available: available.nullable(),
    org: z
      .object({
        id: z.string(),
        slug: z.string(),
        role: z.enum(ROLES).meta({ description: 'Your own.' }),
        balance: credits,
        held,
        available,
        budgets: budgets.meta({ description: 'What you may spend of its credits.' }),
      })
      .nullable()
      .meta({ description: 'That is charged for requests like this one: by their header, or the binding of the key.' }),
    key: z.object({ id: z.string(), name: z.string(), budgets }).nullable().meta({ description: 'Of this request.' }),
    top_up: z
      .object({
        x402: z.boolean().meta({ description: '`POST /v1/account/topups/x402`' }),
        deposit: z
          .object({ address: z.string(), chains: z.array(z.string()) })
          .nullable()
          .meta({ description: 'USDC that your wallet sends there is credited to it, once its block is final.' }),
        vouchers: z.literal(true).meta({ description: '`POST /v1/account/vouchers`' }),
      })
      .nullable(),
  })
  .meta({ id: 'Account' })

const entry = z
  .object({
    id: z.string(),
    object: z.literal('entry'),
    kind: z.enum(['charge', 'grant', 'voucher', 'x402', 'deposit', 'move', 'correction']),
    amount: z
      .string()
      .regex(/^-?\d+(\.\d{1,6})?$/)
      .meta({ description: 'Credits, as an exact decimal text; below zero where the account gave.' }),
    balance: credits.meta({ description: 'After it.' }),
    run_id: z.string().nullable().meta({ description: 'Of a charge.' }),
    ref: z.string().nullable().meta({ description: 'What anything else is for: `8453:0x…:3` of a deposit.' }),
    counterparty: z.string().nullable().meta({ description: 'Of a move: who gave, or got.' }),
    note: z.string().nullable(),
    caller: z.string().nullable().meta({ description: 'Of a charge: whose run it was.' }),
    key_id: z.string().nullable(),
    model: z.string().nullable(),
    usage: z
      .object({
        prompt_tokens: count,
        cached_tokens: count.meta({ description: 'Of these.' }),
        completion_tokens: count,
        tools: z.array(
          z.object({ name: z.string(), calls: count, amount: credits.meta({ description: 'What they cost.' }) }),
        ),
        written_off: credits.meta({ description: 'Cost, and not charged.' }),
        is_estimated: z.boolean().meta({ description: 'A step was broken off: some of the tokens are our estimate.' }),
      })
      .nullable()
      .meta({ description: 'Of a charge: what it was for.' }),
    created_at: unixSeconds,
  })
  .meta({ id: 'AccountEntry' })
export const EntryList = listOf(entry).meta({ id: 'AccountEntryList' })

const hold = z
  .object({
    id: z.string().meta({ description: 'Of the run.' }),
    object: z.literal('hold'),
    amount: credits,
    caller: z.string().meta({ description: 'Whose run it is.' }),
    key_id: z.string().nullable(),
    model: z.string(),
    created_at: unixSeconds,
    expires_at: unixSeconds.meta({ description: 'Unix time in seconds when it is taken for lost, and freed.' }),
  })
  .meta({ id: 'AccountHold' })
export const HoldList = listOf(hold).meta({ id: 'AccountHoldList' })
