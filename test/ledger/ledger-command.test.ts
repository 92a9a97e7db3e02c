import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { migrate } from '../../src/db/migrate.ts'
import { scratchFolder, startScratch } from '../db/scratch.ts'
import { livedLedger } from '../support/ledger-life.ts'
import { runScript } from '../support/run-script.ts'

const ledger = (args: readonly string[], env: Record<string, string>, cwd: string) =>
  runScript('ledger.ts', args, { env, cwd })

test('the embedded store is verified, whether its gateway runs or not', async () => {
  const cwd = await scratchFolder()
  const env = { DATA_DIR: join(cwd, 'data') }
  const server = await startScratch(env.DATA_DIR, { durable: true })
  await migrate(server.connectionString)
  const beside = await ledger(['verify'], env, cwd)
  await server.stop()
  const alone = await ledger(['verify'], env, cwd)
  for (const { code, stdout, stderr } of [beside, alone]) {
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const lines = stdout.trim().split('\n')
    expect(lines.filter((line) => /^I\d+ +\S.* +(\d+|-) +0$/.test(line))).toHaveLength(14)
    expect(lines.at(-1)).toBe('All is well.')
  }
})

test('what is wrong is told, with exit code 1, as a table and as JSON', async () => {
  const { database } = await livedLedger()
  await database.pool.query('update accounts set balance = balance + 1')
  const env = { DATABASE_URL: database.connectionString }
  const cwd = await scratchFolder()
  const { code, stdout } = await ledger(['verify'], env, cwd)
  expect(code).toBe(1)
  expect(stdout).toMatch(/^I2 +a balance is the sum of its entries +\d+ +6$/m)
  expect(stdout).toMatch(/^I2: account 0xa+ has \d+, and its entries sum to \d+$/m)
  expect(stdout.trim().split('\n').at(-1)).toBe('I2, I7: not as it must be.') // the server of the specs is not durable
  const json = await ledger(['verify', '--json'], env, cwd)
  expect(json.code).toBe(1)
  expect(JSON.parse(json.stdout)).toHaveLength(14)
  expect(JSON.parse(json.stdout)[1]).toMatchObject({ id: 'I2', found: 6, violations: expect.any(Array) })
})

test('a wrong command line is answered with the right ones, and leaves nothing behind', async () => {
  const cwd = await scratchFolder()
  const env = { DATA_DIR: join(cwd, 'data') }
  expect(await ledger(['--help'], env, cwd)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('ledger -- verify'),
  })
  const wrongs = [
    [],
    ['check'],
    ['verify', 'it'],
    ['verify', '--seed', '1'],
    ['chaos', '--engine', 'mysql'],
    ['verify', '--all'],
  ]
  for (const answer of await Promise.all(wrongs.map((wrong) => ledger(wrong, env, cwd)))) {
    expect(answer).toMatchObject({ code: 2, stdout: '' })
  }
  expect(await ledger(['verify'], env, cwd)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^There is no store in .*data/),
  })
  expect(await readdir(cwd)).toEqual([])
})
