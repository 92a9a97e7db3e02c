import { resolveAccount } from '../../src/accounts/admin/resolve-account.ts'
import type { KeyWithSecret } from '../../src/accounts/keys/create-key.ts'
import { MAX_GRACE_SEC } from '../../src/accounts/keys/rotate-key.ts'
import { parseKeyOrder } from '../../src/http/admin/keys.ts'
import { toWireKey } from '../../src/http/keys/wire-key.ts'
import { CLI } from './actor.ts'
import type { Answer, Command } from './command.ts'
import type { Input } from './input.ts'
import { listCommand } from './list-command.ts'
import { toFields, toTime } from './table.ts'
import { UsageError } from './usage-error.ts'

type WireKey = ReturnType<typeof toWireKey>

const createKey: Command = {
  name: 'keys create',
  takes: [],
  says: 'makes a key, and an account for it where none is named',
  options: {
    name: { takes: 'ann', says: 'what it is called' },
    wallet: { takes: '0x…', says: 'of this wallet' },
    account: { takes: 'acct_…', says: 'of this account' },
    org: { takes: 'slug', says: "charged to this org; of nobody's else, it is the org's own" },
    fallback: { says: 'the owner pays where the org cannot' },
    grant: { takes: '5', says: 'credits for its account' },
    models: { takes: 'a,b', says: "only these models; 'provider:*' for all of a provider" },
    tools: { takes: 'a,b', says: "only these tools; '' for none" },
    ips: { takes: '10.0.0.0/8', says: 'only from these addresses and ranges' },
    rpm: { takes: '60', says: 'requests per minute' },
    tpm: { takes: '100000', says: 'tokens per minute' },
    concurrent: { takes: '4', says: 'runs at once' },
    'budget-day': { takes: '1.5', says: 'credits a day' },
    'budget-month': { takes: '20', says: 'credits a month' },
    expires: { takes: '30d', says: 'counts no more after that: 30d, 12h, 90m' },
    manage: { says: 'may make and change keys and orgs' },
  },
  async run(desk, input) {
    return toSecretAnswer(await desk.createKey(parseKeyOrder(toBody(input)), CLI))
  },
}

const listKeys = listCommand({
  name: 'keys list',
  says: 'keys, the latest first',
  options: {
    account: { takes: 'id', says: 'only those of this account' },
    org: { takes: 'slug', says: 'only those charged to this org' },
  },
  columns: [
    { title: 'key', of: ({ id }) => id },
    { title: 'status', of: ({ status }) => status },
    { title: 'begins and ends', of: ({ hint }) => hint },
    { title: 'account', of: ({ account }) => account },
    { title: 'org', of: ({ org_id }) => org_id },
    { title: 'expires', of: ({ expires_at }) => toTime(expires_at) },
    { title: 'last used', of: ({ last_used_at }) => toTime(last_used_at) },
    { title: 'name', of: ({ name }) => name },
  ],
  toRow: toWireKey,
  read: (desk, page, input) => desk.listKeys({ ...page, account: input.text('account'), org: input.text('org') }),
})

const revokeKey: Command = {
  name: 'keys revoke',
  takes: ['key'],
  says: 'ends a key, everywhere within seconds',
  options: {},
  async run(desk, input) {
    const key = toWireKey(await desk.revokeKey(input.arg('key'), CLI))
    return { json: key, text: toText(key) }
  },
}

const rotateKey: Command = {
  name: 'keys rotate',
  takes: ['key'],
  says: 'puts a new key in the place of one, with all that it may do',
  options: { grace: { takes: '1h', says: 'how long the old one goes on; it ends at once where unset' } },
  async run(desk, input) {
    const graceSec = input.seconds('grace') ?? 0
    if (graceSec > MAX_GRACE_SEC) throw new UsageError('--grace must be 24h at most.')
    return toSecretAnswer(await desk.rotateKey({ id: input.arg('key'), graceSec }, CLI))
  },
}

export const KEY_COMMANDS = [createKey, listKeys, revokeKey, rotateKey]

/** As `POST /admin/keys` takes it. */
function toBody(input: Input): object {
  const [name, wallet, account, org] = ['name', 'wallet', 'account', 'org'].map(input.text)
  if (name === undefined) throw new UsageError("'keys create' needs --name.")
  if (wallet !== undefined && account !== undefined) throw new UsageError('Name --wallet or --account, not both.')
  if (wallet !== undefined && resolveAccount(wallet).kind !== 'wallet')
    throw new UsageError('--wallet must be a wallet: 0x…')
  if (input.flag('fallback') && org === undefined) throw new UsageError('--fallback needs --org.')
  return {
    name,
    account: wallet ?? account,
    org,
    org_mode: input.flag('fallback') ? 'fallback' : undefined,
    grant: input.amount('grant') && input.text('grant'),
    scopes: {
      models: input.words('models'),
      tools: input.words('tools', 0),
      ips: input.words('ips'),
      manage: input.flag('manage') || undefined,
      requests_per_minute: input.integer('rpm'),
      tokens_per_minute: input.integer('tpm'),
      concurrent_runs: input.integer('concurrent'),
      credits_per_day: input.amount('budget-day') && input.text('budget-day'),
      credits_per_month: input.amount('budget-month') && input.text('budget-month'),
    },
    expires_in: input.seconds('expires'),
  }
}

function toSecretAnswer(made: KeyWithSecret): Answer {
  const key = toWireKey(made.key)
  return { json: { ...key, secret: made.secret }, text: toText(key), secret: made.secret }
}

function toText({ id, name, status, account, org_id, org_mode, scopes, expires_at }: WireKey): string {
  const confined = Object.entries(scopes).flatMap(([scope, value]) =>
    value === null ? [] : [[scope, Array.isArray(value) ? value.join(', ') : String(value)]],
  )
  return toFields({
    key: id,
    name,
    status,
    account,
    org: org_id === null ? null : `${org_id} (${org_mode})`,
    expires: expires_at === null ? 'never' : toTime(expires_at),
    ...Object.fromEntries(confined),
  })
}
