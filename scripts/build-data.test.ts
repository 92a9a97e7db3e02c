import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { buildData } from './build-data.ts'

test('the feed and token lists are what their packages say today', async () => {
  for (const [file, text] of Object.entries(await buildData())) {
    const committed = await readFile(new URL(`../src/tools/data/${file}`, import.meta.url), 'utf8')
    expect(committed === text, `src/tools/data/${file} differs: run node scripts/build-data.ts`).toBe(true)
  }
})

test('each list names the packages and versions it was made from', async () => {
  const { 'feeds.json': feeds = '', 'tokens.json': tokens = '' } = await buildData()
  expect(JSON.parse(feeds)).toMatchObject({
    source: expect.stringMatching(/^@aave-dao\/aave-address-book@\d+\.\d+\.\d+ \(MIT\)$/),
  })
  expect(JSON.parse(tokens)).toMatchObject({ source: expect.stringMatching(/; viem@\d+\.\d+\.\d+ \(MIT\)$/) })
})
