import { expect, test } from 'vitest'
import { networkOf, toNetwork } from './network-of.ts'

test.each([
  ['203.0.113.9', '203.0.113.9'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['::FFFF:cb00:7109', '203.0.113.9'],
  ['203.0.113.9:4711', '203.0.113.9'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
  ['2001:db8:0001:0002:ffff::1', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['1::2:3:4:5:6:7', '1:0:2:3::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['[2001:db8::1]:4711', '2001:db8:0:0::/64'],
  ['[2001:db8::1]', '2001:db8:0:0::/64'],
])('%s counts as %s', (address, network) => expect(toNetwork(address)).toBe(network))

test.each(['', 'unknown', '_hidden', '1.2.3', '203.0.113.9:port', '2001:db8::1::2'])('%j is no address', (text) =>
  expect(toNetwork(text)).toBeUndefined(),
)

test('who is named by no address counts with the proxy that has connected', () => {
  expect(networkOf({ ip: 'unknown', socket: { remoteAddress: '10.0.0.1' } })).toBe('10.0.0.1')
  expect(networkOf({ ip: undefined, socket: {} })).toBe('unknown')
})
