import { NewAdminOrg, toWireAdminOrg, type WireAdminOrg } from '../../src/http/admin/orgs.ts'
import { toWireMember, type WireMember } from '../../src/http/orgs/wire-org.ts'
import { parseRequest } from '../../src/http/parse-request.ts'
import { expectPage } from '../../src/http/wire-page.ts'
import { CLI } from './actor.ts'
import type { Command } from './command.ts'
import { PAGE_OPTIONS, pageOf, toPage } from './paging.ts'
import { type Column, toFields, toTime } from './table.ts'
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

const listOrgs: Command = {
  name: 'orgs list',
  takes: [],
  says: 'orgs and what is on their accounts, the latest first',
  options: PAGE_OPTIONS,
  async run(desk, input) {
    const page = pageOf(input)
    return toPage(ORG_COLUMNS, expectPage(await desk.listOrgs(page), page.after), toWireAdminOrg)
  },
}

const listMembers: Command = {
  name: 'orgs members',
  takes: ['org'],
  says: 'who is in an org, by its slug or id',
  options: PAGE_OPTIONS,
  async run(desk, input) {
    const page = pageOf(input)
    return toPage(MEMBER_COLUMNS, expectPage(await desk.listMembers(input.arg('org'), page), page.after), toWireMember)
  },
}

export const ORG_COMMANDS = [createOrg, listOrgs, listMembers]

const ORG_COLUMNS: readonly Column<WireAdminOrg>[] = [
  { title: 'org', of: ({ id }) => id },
  { title: 'slug', of: ({ slug }) => slug },
  { title: 'balance', of: ({ balance }) => balance, isNumber: true },
  { title: 'held', of: ({ held }) => held, isNumber: true },
  { title: 'available', of: ({ available }) => available, isNumber: true },
  { title: 'created', of: ({ created_at }) => toTime(created_at) },
  { title: 'name', of: ({ name }) => name },
]

const MEMBER_COLUMNS: readonly Column<WireMember>[] = [
  { title: 'account', of: ({ id }) => id },
  { title: 'role', of: ({ role }) => role },
  { title: 'credits a day', of: ({ credits_per_day }) => credits_per_day, isNumber: true },
  { title: 'a month', of: ({ credits_per_month }) => credits_per_month, isNumber: true },
  { title: 'since', of: ({ added_at }) => toTime(added_at) },
]
