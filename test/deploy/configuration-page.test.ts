import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Config, parseConfig } from '../../src/config.ts'
import { ROOT } from './gateway-process.ts'

const source = await readFile(join(ROOT, 'src/config.ts'), 'utf8')
const page = await readFile(join(ROOT, 'docs/configuration.md'), 'utf8')

const settings = [...source.matchAll(/^ {2}([A-Z][A-Z\d_]+): /gm)].map(([, name = '']) => name)
/** One row for each: `| name | default | meaning |`. */
const rows = [...page.matchAll(/^\| `([A-Z][\w<>]*)` \| (.*?) \| (.+) \|$/gm)].map(
  ([, name = '', fallback = '', meaning = '']) => ({ name, fallback, meaning }),
)
const DEFAULTS = parseConfig({})

test('the page of the configuration has every setting that there is, once, and no other', () => {
  expect(settings.length).toBeGreaterThan(30)
  expect(rows.map(({ name }) => name).sort()).toEqual([...settings, 'RPC_URL_<chainId>'].sort())
})

test.each(rows)('the page has the true default of $name', ({ name, fallback }) => {
  const told = /^`(.+?)`(?:;|$)/.exec(fallback)?.[1]
  if (told !== undefined) {
    expect(parseConfig({ [name]: told })).toEqual(DEFAULTS)
    return
  }
  // In words, or none: what is not set, or a list.
  const field = new RegExp(`^ {4}(\\w+): .*\\bdata\\.${name}\\b`, 'm').exec(source)?.[1] ?? 'rpcUrls'
  expect(['undefined', 'object']).toContain(typeof DEFAULTS[field as keyof Config])
})
