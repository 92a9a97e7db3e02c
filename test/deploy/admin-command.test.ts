import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runAdmin } from '../../scripts/admin/run-admin.ts'
import { query, scratchFolder, startOwner } from '../db/scratch.ts'
import { testDatabaseUrl } from '../support/database.ts'
import { ROOT } from './gateway-process.ts'

const WALLET = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045'

type Ran = { code: number; stdout: string; stderr: string }

/** A command line on a store of its own, without the cost of a process. */
async function startShell() {
  const url = await testDatabaseUrl()
  const run = async (line: string | readonly string[]): Promise<Ran> => {
    const ran = { stdout: '', stderr: '' }
    const code = await runAdmin({
      args: typeof line === 'string' ? line.split(' ').filter((word) => word !== '') : line,
      env: { DATABASE_URL: url },
      out: (text) => (ran.stdout += text),
      err: (text) => (ran.stderr += text),
    })
    return { code, ...ran }
  }
  return { run, json: async (line: string) => JSON.parse((await run(`${line} --json`)).stdout) }
}

/** As `npm run admin -- …` does. */
function spawnAdmin(cwd: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(ROOT, 'scripts/admin.ts'), ...args], { cwd, env: {} }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    )
  })
}

test('a key is made with one command, and its secret alone is on standard output', async () => {
  const { run, json } = await startShell()
  const made = await run(
    'keys create --name ann --grant 5 --models a,b --rpm 3 --budget-day 1.5 --expires 30d --manage',
  )
  expect(made.code).toBe(0)
  expect(made.stdout).toMatch(/^gw_[\w-]{43}\n$/)
  expect(made.stderr).toMatch(/^key +key_\w{16}\nname +ann\nstatus +active\naccount +acct_\w{16}$/m)
  expect(made.stderr).not.toContain(made.stdout.trim())
  const [key] = (await json('keys list')).data
  expect(key).toMatchObject({
    name: 'ann',
    created_by: 'admin',
    scopes: { models: ['a', 'b'], manage: true, requests_per_minute: 3, credits_per_day: '1.5', tools: null },
  })
  expect(key.expires_at - key.created_at).toBe(30 * 86_400)
  expect(await json(`accounts show ${key.account}`)).toMatchObject({ name: 'ann', balance: '5' })
})

test('a key that is to have no tools is made with an empty list of them', async () => {
  const { json } = await startShell()
  expect(await json('keys create --name ann --tools=')).toMatchObject({ scopes: { tools: [], models: null } })
})

test('with --json a command prints one value, the secret within', async () => {
  const { json } = await startShell()
  expect(await json(`keys create --name ann --wallet ${WALLET}`)).toMatchObject({
    object: 'api_key',
    account: WALLET.toLowerCase(),
    secret: expect.stringMatching(/^gw_/),
  })
  expect(await json('vouchers create 2 --uses 3')).toMatchObject({ amount: '2', max_uses: 3, code: expect.any(String) })
})

test('what is done from a shell is done, and is in the audit log', async () => {
  const { run, json } = await startShell()
  await json(`orgs create acme --owner ${WALLET}`)
  const { id } = await json('keys create --name svc --org acme')
  const { id: next } = await json(`keys rotate ${id} --grace 1h`)
  expect(await json(`keys revoke ${next}`)).toMatchObject({ status: 'revoked' })
  await run(`grant ${WALLET} 5 --id a`)
  expect((await run(`grant ${WALLET} 5 --id a`)).stderr).toContain('not given twice')
  expect(await json(`correct ${WALLET} 2 --note oops`)).toMatchObject({ balance: '3' })
  const { id: voucher } = await json('vouchers create 1')
  expect(await json(`vouchers revoke ${voucher}`)).toMatchObject({ revoked_at: expect.any(Number) })
  const { data } = await json('audit --limit 100')
  expect(data.map(({ action }: { action: string }) => action)).toEqual([
    'voucher.revoked',
    'voucher.created',
    'credits.corrected',
    'credits.granted',
    'key.revoked',
    'key.rotated',
    'key.created',
    'org.created',
  ])
  for (const entry of data) expect(entry).toMatchObject({ actor: 'admin', via: 'cli', ip: null })
})

test('tables have a line a row, aligned and without colours', async () => {
  const { run } = await startShell()
  await run(`grant ${WALLET} 1000.5`)
  await run('accounts create --name ann')
  const { stdout } = await run('accounts list')
  expect(stdout).not.toContain('\u001b')
  const [titles = '', ann = '', wallet = '', ...rest] = stdout.trimEnd().split('\n')
  expect(rest).toEqual([])
  const end = titles.indexOf('balance') + 'balance'.length
  expect(ann.slice(0, end)).toMatch(/^acct_\w+ +account +0$/)
  expect(wallet.slice(0, end)).toMatch(/^0xd8da6bf.* wallet +1000\.5$/)
  expect((await run('usage')).stdout).toMatch(/^all +0 +0 +0 +0 +0 +0 +0$/m)
  expect((await run('vouchers list')).stdout).toBe('None.\n')
  expect((await run('orgs list --limit 1')).code).toBe(0)
  const page = await run('accounts list --limit 1')
  expect(page.stderr).toMatch(/--after acct_\w+$/m)
})

test('what a name holds cannot steer the terminal', async () => {
  const { run } = await startShell()
  await run(['accounts', 'create', '--name', 'a\u001b[31m\nb'])
  expect((await run('accounts list')).stdout).toContain('a\uFFFD[31m\uFFFDb')
})

test('a wrong command line is told with what would be right, and is a 2', async () => {
  const { run } = await startShell()
  const wrong = {
    '': 'Name a command.',
    keys: 'keys create, keys list, keys revoke, keys rotate',
    frobnicate: "no command 'frobnicate'",
    'keys create': 'needs --name',
    'keys revoke': 'needs <key>',
    'keys list extra': "does not take 'extra'",
    'keys create --name ann --colour red': "Unknown option '--colour'",
    'keys create --name ann --expires soon': '--expires must be a time: 30d',
    'keys create --name ann --ips home': "'home' is no IP address",
    'grant bob 5': "'bob' names no account",
    [`grant ${WALLET} five`]: 'must be credits',
    [`grant ${WALLET} 0`]: 'must be credits',
    [`grant ${WALLET} 1000000000.000001`]: '1000000000 at most',
    [`correct ${WALLET} 99999999999 --note x`]: '1000000000 at most',
    'vouchers create 99999999999': '1000000000 at most',
    'keys create --name ann --grant 99999999999': '1000000000 at most',
    'keys create --name ann --models=': '--models must be one or more',
    'keys create --name ann --ips=,': '--ips must be one or more',
    'usage --by mood': 'one of model, account',
  }
  for (const [line, complaint] of Object.entries(wrong)) {
    const { code, stdout, stderr } = await run(line)
    expect([line, code, stdout]).toEqual([line, 2, ''])
    expect(stderr).toContain(complaint)
    expect(stderr).toMatch(/npm run (--silent )?admin -- /)
  }
})

test('what cannot be done is told in a line, and is a 1', async () => {
  const { run } = await startShell()
  for (const line of ['grant acct_aaaaaaaaaaaaaaaa 5', 'keys revoke key_aaaaaaaaaaaaaaaa', 'orgs members nobody']) {
    const { code, stderr } = await run(line)
    expect([line, code]).toEqual([line, 1])
    expect(stderr.trim().split('\n')).toHaveLength(1)
  }
})

test('every command has its help', async () => {
  const { run } = await startShell()
  const { stdout } = await run('--help')
  const commands = [...stdout.matchAll(/^ {2}([a-z]+(?: [a-z]+)?)(?: <| {2})/gm)].map((match) => match[1] ?? '')
  expect(commands).toEqual(
    expect.arrayContaining(['keys create', 'grant', 'vouchers revoke', 'orgs members', 'usage', 'audit']),
  )
  for (const command of ['keys create', 'grant', 'audit']) {
    expect(await run(`${command} --help`)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`npm run admin -- ${command}`),
    })
  }
})

test('the program ends with the code, beside a gateway that runs the embedded Postgres', async () => {
  const cwd = await scratchFolder()
  const { said } = await startOwner(join(cwd, '.groundwire'))
  expect(said.error).toBeUndefined()
  const [made, wrong] = await Promise.all([
    spawnAdmin(cwd, ['keys', 'create', '--name', 'me']),
    spawnAdmin(cwd, ['keys', 'make']),
  ])
  expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^gw_[\w-]{43}\n$/) })
  expect(wrong).toMatchObject({ code: 2, stdout: '' })
  expect(await query(said.url, 'select name from api_keys')).toEqual([{ name: 'me' }])
})
