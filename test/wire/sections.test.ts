import { readdir, readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const PAGE = resolve(import.meta.dirname, '../../docs/wire.md')

test('every section that a spec cites is in docs/wire.md, and every section there has specs', async () => {
  const titles = findTitles(await readSpecs())
  const cited = new Set(titles.flatMap((title) => toSections(CITED.exec(title)?.[0] ?? '')))
  const written = [...(await readFile(PAGE, 'utf8')).matchAll(HEADINGS)].flatMap(([heading]) => toSections(heading))
  expect(written.length).toBeGreaterThan(10)
  expect([...cited].sort()).toEqual(written.sort())
})

test('every title begins with the section it is of', async () => {
  const specs = await readSpecs()
  const titles = findTitles(specs)
  expect(titles).toHaveLength(specs.match(SPECS)?.length ?? 0)
  expect(titles.filter((title) => !CITED.test(title))).toEqual([])
})

/** `§1.4 §1.6 cut short, a caller hears …` */
const CITED = /^(?:§\d+(?:\.\d+)? )+/
const HEADINGS = /^## §\d+(?:\.\d+)? /gm

const toSections = (text: string) => text.match(/\d+(?:\.\d+)?/g) ?? []

/** The sources of all specs but these. */
async function readSpecs(): Promise<string> {
  const names = (await readdir(import.meta.dirname)).filter((name) => name.endsWith('.test.ts'))
  const others = names.filter((name) => name !== basename(import.meta.filename))
  return (await Promise.all(others.map((name) => readFile(join(import.meta.dirname, name), 'utf8')))).join('\n')
}

const SPECS = /^ *test\b/gm
/** What stands in quotes behind `test(`, or behind the table of a `test.each`. */
const TITLES = /^ *(?:test|test\.each\(.*\)|\](?: as const)?\)|\))\(\s*(['"`])(.*?)\1,\s*(?:async )?\(/gm

const findTitles = (specs: string) => [...specs.matchAll(TITLES)].map(([, , title = '']) => title)
