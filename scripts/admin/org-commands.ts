import { NewAdminOrg, toWireAdminOrg } from '../../src/http/admin/orgs.ts'
import { toWireMember } from '../../src/http/orgs/wire-org.ts'
import { parseRequest } from '../../src/http/parse-request.ts'
import { CLI } from './actor.ts'
import { BALANCE_COLUMNS } from './balance-columns.ts'
import type { Command } from './command.ts'
import { listCommand } from './list-command.ts'
import { toFields, toTime } from './table.ts'
import { UsageError } from './usage-error.ts'

const createOrg: Command = {
  name: 'orgs create',
  takes: ['slug'],
  says: 'an org for an owner',
  options: {
    owner: { takes: 'id', says: 'its first owner: a wallet or acct_…' },
    name: { takes: 'text', says: 'what it is called; the slug where unset' },
  },
  async run(desk, input) {
    const owner = input.text('owner')
    if (owner === undefined) throw new UsageError("'orgs create' needs --owner.")
    const slug = input.arg('slug')
    const order = parseRequest(NewAdminOrg, { slug, name: input.text('name') ?? slug, owner })
    const org = toWireAdminOrg(await desk.createOrg(order, CLI))
    return { json: org, text: toFields({ org: org.id, slug: org.slug, name: org.name, balance: org.balance }) }
  },
}

const listOrgs = listCommand({
  name: 'orgs list',
  says: 'orgs and what is on their accounts, the latest first',
  columns: [
    { title: 'org', of: ({ id }) => id },
    { title: 'slug', of: ({ slug }) => slug },
    ...BALANCE_COLUMNS,
    { title: 'created', of: ({ created_at }) => toTime(created_at) },
    { title: 'name', of: ({ name }) => name },
  ],
  toRow: toWireAdminOrg,
  read: (desk, page) => desk.listOrgs(page),
})

const listMembers = listCommand({
  name: 'orgs members',
  takes: ['org'],
  says: 'who is in an org, by its slug or id',
  columns: [
    { title: 'account', of: ({ id }) => id },
    { title: 'role', of: ({ role }) => role },
    { title: 'credits a day', of: ({ credits_per_day }) => credits_per_day, isNumber: true },
    { title: 'a month', of: ({ credits_per_month }) => credits_per_month, isNumber: true },
    { title: 'since', of: ({ added_at }) => toTime(added_at) },
  ],
  toRow: toWireMember,
  read: (desk, page, input) => desk.listMembers(input.arg('org'), page),
})

export const ORG_COMMANDS = [createOrg, listOrgs, listMembers]
