import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { findAnvil } from './anvil-binary.ts'

const NOWHERE = { platform: 'sunos', arch: 'mips', path: '' } as const

test('without an anvil, one line says what to install and what to do instead', () => {
  expect(() => findAnvil({ platform: 'darwin', arch: 'nonesuch', path: '' })).toThrow(
    /^The demo chain needs anvil.* `npm install --no-save @foundry-rs\/anvil-darwin-nonesuch@1\.7\.1`, or set RPC_URL_1 .*`npm start`\.$/,
  )
})

test('a path that holds no anvil is named in the complaint', () => {
  expect(() => findAnvil({ anvilPath: '/nowhere/anvil' })).toThrow(
    /^There is no anvil at \/nowhere\/anvil; .*npm start/,
  )
})

test('where npm has no package for the platform, an anvil on PATH serves', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'groundwire-path-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const binary = join(directory, 'anvil')
  await writeFile(binary, '#!/bin/sh\n')
  expect(() => findAnvil({ ...NOWHERE, path: directory })).toThrow(/needs anvil/)
  await chmod(binary, 0o755)
  expect(findAnvil({ ...NOWHERE, path: ['/nowhere', directory].join(delimiter) })).toBe(binary)
})
