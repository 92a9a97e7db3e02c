import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createIpRanges, isIpRange } from './ip-ranges.ts'

test.each(['10.0.0.1', '10.0.0.0/8', '0.0.0.0/0', '::1', '2001:db8::/32', '::ffff:10.0.0.0/104', '::/0'])(
  '%s is a range',
  (text) => expect(isIpRange(text)).toBe(true),
)

test.each([
  ...['', '10.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1', '::/129', 'localhost', '*'],
  ...['::ffff:10.0.0.0/8', '10.0.0.1 ', '10.0.0.1\n', 'fe80::1%eth0'],
])('%j is none', (text) => expect(isIpRange(text)).toBe(false))

test.each([
  ['10.1.2.3', true],
  ['::ffff:10.1.2.3', true],
  ['::ffff:a01:203', true],
  ['11.1.2.3', false],
  ['::ffff:11.1.2.3', false],
  ['2001:db8::7', true],
  ['2001:DB8:0::7%eth0', true],
  ['2001:db9::7', false],
  ['::10.1.2.3', false],
  ['', false],
  ['unknown', false],
])('%s among 10.0.0.0/8 and 2001:db8::/32: %s', (ip, isIn) => {
  expect(createIpRanges(['10.0.0.0/8', '2001:db8::/32'])(ip)).toBe(isIn)
})

test('a range of an IPv4 address in the words of IPv6 is that of the address', () => {
  const ranges = createIpRanges(['::ffff:10.0.0.0/104'])
  expect([ranges('10.200.0.1'), ranges('::ffff:10.200.0.1'), ranges('11.0.0.1')]).toEqual([true, true, false])
})

test('what is no range holds nobody', () => {
  expect(createIpRanges(['everywhere'])('10.0.0.1')).toBe(false)
  expect(createIpRanges([])('10.0.0.1')).toBe(false)
})

test('whatever is sent as an address, it is in a range or not', () => {
  const ranges = createIpRanges(['10.0.0.0/8'])
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.ipV6(),
        fc.ipV6().map((ip) => `${ip}%1`),
      ),
      (text) => {
        expect(ranges(text)).toBe(text.startsWith('10.') && /^\d+\.\d+\.\d+\.\d+$/.test(text))
      },
    ),
    { examples: [['fe80::1%eth0'], ['%']] },
  )
  fc.assert(
    fc.property(fc.ipV4(), (ip) => {
      expect(ranges(ip)).toBe(ip.startsWith('10.'))
      expect(ranges(`::ffff:${ip}`)).toBe(ip.startsWith('10.'))
    }),
  )
})
