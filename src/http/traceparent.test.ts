import type { Request } from 'express'
import { expect, test } from 'vitest'
import { readTraceparent } from './traceparent.ts'

const IDS = '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331'

test.each([
  [`00-${IDS}-01`, `00-${IDS}-01`],
  [` 00-${IDS}-00 `, `00-${IDS}-00`],
  [`cc-${IDS}-01-what-comes-later`, `cc-${IDS}-01`],
  [`00-${IDS}-01-more`, undefined],
  [`ff-${IDS}-01`, undefined],
  [`00-${IDS.toUpperCase()}-01`, undefined],
  [`00-${'0'.repeat(32)}-b7ad6b7169203331-01`, undefined],
  [`00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`, undefined],
  ['', undefined],
  [undefined, undefined],
])('traceparent %j is read as %j', (header, expected) => {
  expect(readTraceparent({ get: () => header } as unknown as Request)).toBe(expected)
})
