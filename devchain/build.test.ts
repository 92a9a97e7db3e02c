import { readFile } from 'node:fs/promises'
import { brotliDecompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { buildChain } from './build.ts'
import { DEV_CHAINS } from './dev-client.ts'
import { loadMeta } from './meta.ts'

test.for(DEV_CHAINS)('the committed genesis of chain $id is what the installed packages build', async ({ id }) => {
  const { genesis, meta } = await buildChain(id)
  const committed = await readFile(new URL(`./genesis/${id}.json.br`, import.meta.url))
  // Compared as text: a difference of a megabyte is of no use to a reader.
  expect(JSON.stringify(genesis) === brotliDecompressSync(committed).toString()).toBe(true)
  expect(meta).toEqual(await loadMeta(id))
})
