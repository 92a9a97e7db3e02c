import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { emptyDatabaseUrl, testDatabaseUrl } from '../support/database.ts'
import { runScript } from '../support/run-script.ts'
import { query, scratchFolder, startOwner } from './scratch.ts'

const db = (args: readonly string[], env: Record<string, string>, cwd: string) => runScript('db.ts', args, { env, cwd })

test('a store moves from a server of its own to the embedded one, and on from there while that is in use', async () => {
  const cwd = await scratchFolder()
  const databaseUrl = await testDatabaseUrl()
  await query(databaseUrl, "insert into kept values ('turn', 'c', 'i', 'v', now())")
  expect(await db(['export', 'one.gz'], { DATABASE_URL: databaseUrl }, cwd)).toMatchObject({
    code: 0,
    stdout: '',
    stderr: expect.stringMatching(/^Exported: 0 runs, .*\b1 kept\b.*\.$/m),
  })
  expect((await stat(join(cwd, 'one.gz'))).mode & 0o077).toBe(0)
  const dataDir = join(cwd, 'data')
  expect(await db(['import', 'one.gz'], { DATA_DIR: dataDir }, cwd)).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^Imported: .*\b1 kept\b.*\.$/m),
  })
  await startOwner(dataDir)
  expect(await db(['export', 'two.gz'], { DATA_DIR: dataDir }, cwd)).toMatchObject({ code: 0 })
  expect(await db(['import', 'two.gz', '--replace'], { DATA_DIR: dataDir }, cwd)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('in use by another process'),
  })
  const target = await emptyDatabaseUrl()
  expect(await db(['import', 'two.gz'], { DATABASE_URL: target }, cwd)).toMatchObject({ code: 0 })
  expect(await query(target, 'select kind, caller, id, value from kept')).toEqual([
    { kind: 'turn', caller: 'c', id: 'i', value: 'v' },
  ])
})

test('what cannot be done is said in a line, and leaves nothing behind', async () => {
  const cwd = await scratchFolder()
  const env = { DATA_DIR: join(cwd, 'data') }
  expect(await db(['--help'], env, cwd)).toMatchObject({ code: 0, stdout: expect.stringContaining('db -- import') })
  for (const wrong of [['import'], ['export', '--replace', 'a'], ['export', '--all']]) {
    expect(await db(wrong, env, cwd), wrong.join(' ')).toMatchObject({ code: 2, stdout: '' })
  }
  expect(await db(['export', 'store.gz'], env, cwd)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^There is no store in .*data: nothing/),
  })
  const databaseUrl = await emptyDatabaseUrl()
  for (const [args, said] of [
    [['export', 'store.gz'], /^There is no store in this database/],
    [['export', 'no/such/folder/store.gz'], /./],
    [['import', 'store.gz'], /ENOENT.*store\.gz/],
    [['import', join(import.meta.dirname, '../../scripts/db.ts')], /not a whole export/],
  ] as const) {
    const { code, stderr } = await db(args, { DATABASE_URL: databaseUrl }, cwd)
    expect({ code, lines: stderr.trim().split('\n').length }, stderr).toEqual({ code: 1, lines: 1 })
    expect(stderr).toMatch(said)
  }
  expect(await readdir(cwd)).toEqual([])
})
