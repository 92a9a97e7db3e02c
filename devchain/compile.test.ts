import { expect, test } from 'vitest'
import { compile, loadCompiled } from './compile.ts'

test('the committed bytecode is what the sources compile to', { timeout: 60_000 }, async () => {
  expect(await compile()).toEqual(await loadCompiled())
})
