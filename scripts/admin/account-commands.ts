import { accountNotFound } from '../../src/accounts/admin/expect-account.ts'
import { toWireAccount, toWireGranted, type WireAccount, type WireGranted } from '../../src/http/admin/wire-account.ts'
import { CLI } from './actor.ts'
import { BALANCE_COLUMNS } from './balance-columns.ts'
import type { Answer, Command } from './command.ts'
import { parseAmount } from './input.ts'
import { listCommand } from './list-command.ts'
import { toFields, toTime } from './table.ts'
import { UsageError } from './usage-error.ts'

const KINDS = ['wallet', 'org', 'account'] as const

const listAccounts = listCommand({
  name: 'accounts list',
  says: 'accounts and what is on them, the latest first',
  options: { kind: { takes: KINDS.join('|'), says: 'only these' } },
  columns: [
    { title: 'account', of: ({ id }) => id },
    { title: 'kind', of: ({ kind }) => kind },
    ...BALANCE_COLUMNS,
    { title: 'created', of: ({ created_at }) => toTime(created_at) },
    { title: 'name', of: ({ name }) => name },
  ],
  toRow: toWireAccount,
  read: (desk, page, input) => desk.listAccounts({ ...page, kind: input.oneOf('kind', KINDS) }),
})

const showAccount: Command = {
  name: 'accounts show',
  takes: ['account'],
  says: 'one of them',
  options: {},
  async run(desk, input) {
    const id = input.arg('account')
    const account = await desk.findAccount(id)
    if (account === undefined) throw accountNotFound(id)
    return toAccountAnswer(toWireAccount(account))
  },
}

const createAccount: Command = {
  name: 'accounts create',
  takes: [],
  says: 'an account for who has no wallet',
  options: { name: { takes: 'ann', says: 'whose it is' } },
  async run(desk, input) {
    const name = input.text('name')
    if (name === undefined) throw new UsageError("'accounts create' needs --name.")
    return toAccountAnswer(toWireAccount(await desk.createAccount({ name }, CLI)))
  },
}

const grant: Command = {
  name: 'grant',
  takes: ['account', 'amount'],
  says: 'gives credits to an account: a wallet, org_… or acct_…',
  options: {
    id: { takes: 'order-17', says: 'the same grant twice is one' },
    note: { takes: 'text', says: 'kept in the ledger' },
  },
  async run(desk, input) {
    const amount = parseAmount(input.arg('amount'))
    const order = { account: input.arg('account'), amount, id: input.text('id'), note: input.text('note') }
    return toGrantedAnswer(toWireGranted('grant', await desk.grant(order, CLI)))
  },
}

const correct: Command = {
  name: 'correct',
  takes: ['account', 'amount'],
  says: 'takes credits back, at most those that are not held',
  options: { note: { takes: 'text', says: 'why, kept in the ledger' } },
  async run(desk, input) {
    const note = input.text('note')
    if (note === undefined) throw new UsageError("'correct' needs --note: it says why.")
    const amount = parseAmount(input.arg('amount'))
    return toGrantedAnswer(
      toWireGranted('correction', await desk.correct({ account: input.arg('account'), amount, note }, CLI)),
    )
  },
}

export const ACCOUNT_COMMANDS = [listAccounts, showAccount, createAccount, grant, correct]

function toAccountAnswer(account: WireAccount): Answer {
  const { id, kind, name, balance, held, available, created_at } = account
  return {
    json: account,
    text: toFields({ account: id, kind, name, balance, held, available, created: toTime(created_at) }),
  }
}

function toGrantedAnswer(granted: WireGranted): Answer {
  const { id, object, account, amount, balance, repeated } = granted
  return {
    json: granted,
    text: toFields({ [object]: amount, account, balance, id }),
    hint: repeated ? 'It was there before, and is not given twice.' : undefined,
  }
}
