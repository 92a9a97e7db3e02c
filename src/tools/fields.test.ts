import { describe, expect, test } from 'vitest'
import { chainName, time } from './fields.ts'

describe('a chain', () => {
  test.each([
    ['ethereum', 'ethereum'],
    ['Arbitrum One', 'arbitrum'],
    [' OP ', 'optimism'],
    [8453, 'base'],
    ['137', 'polygon'],
    ['eip155:324', 'zksync'],
    ['0x2105', 'base'],
    ['Linea Network', 'linea'],
    ['Gnosis mainnet', 'gnosis'],
  ])('written %j is %s', (written, name) => {
    expect(chainName.parse(written)).toBe(name)
  })

  test.each(['ethereum testnet', 'base sepolia', 'arbitrum nova', 'polygon zkevm network', '0x3'])(
    '%s is none of them, however much like one it reads',
    (written) => {
      expect(chainName.safeParse(written).success).toBe(false)
    },
  )

  test('that is not known is refused with the names that are', () => {
    const { error } = chainName.safeParse('fantom')
    expect(error?.issues[0]?.message).toBe(
      "'fantom' is not a chain known here; known: ethereum, base, arbitrum, optimism, polygon, bsc, avalanche, gnosis, linea, scroll, zksync, sepolia",
    )
  })
})

describe('a time', () => {
  test.each([
    ['1767225600', 1_767_225_600],
    ['2026-01-01', 1_767_225_600],
    ['2026-01-01T00:00', 1_767_225_600],
    ['2026-01-01 00:00:00 UTC', 1_767_225_600],
    ['2026-01-01T01:30:00+01:30', 1_767_225_600],
    ['2026-01-01T00:00:00.900Z', 1_767_225_600],
    ['1767225600000', 1_767_225_600],
  ])('written %s is the same moment everywhere', (written, unixSec) => {
    expect(time.parse(written)).toEqual({ type: 'at', unixSec })
  })

  test.each([
    ['3 hours ago', 10_800],
    ['an hour ago', 3_600],
    ['2 Weeks ago', 1_209_600],
    ['yesterday', 86_400],
    ['now', 0],
    ['5 mins ago', 300],
    ['two hours ago', 7_200],
    ['24h ago', 86_400],
    ['last week', 604_800],
    ['1 month ago', 2_592_000],
    ['a year ago', 31_536_000],
  ])('written %s counts back from the latest block', (written, seconds) => {
    expect(time.parse(written)).toEqual({ type: 'ago', seconds })
  })

  test.each(['soon', '2026-13-01', '01/02/2026', '-5', '5 blocks ago', 'many days ago', '5 m ago'])(
    'written %s is refused with the forms that are taken',
    (written) => {
      expect(time.safeParse(written).error?.issues[0]?.message).toContain("2026-01-31T12:00Z or '3 hours ago'")
    },
  )
})
