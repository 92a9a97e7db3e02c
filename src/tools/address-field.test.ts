import { expect, test } from 'vitest'
import { z } from 'zod'
import type { ResolvedAddress } from '../chain/chain-session.ts'
import { addressOrName, resolveAddresses } from './address-field.ts'

const VITALIK = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045'

function resolver() {
  const asked: string[] = []
  const resolve = async (text: string): Promise<ResolvedAddress> => {
    asked.push(text)
    return { hex: VITALIK, name: text.startsWith('0x') ? null : text, label: text }
  }
  return { asked, resolve }
}

test('addresses are resolved wherever they stand: in lists, in objects, and where they may be left out', async () => {
  const input = z.object({
    owner: addressOrName,
    others: z.array(addressOrName),
    route: z.object({ via: addressOrName.optional(), hops: z.number() }),
    missing: addressOrName.optional(),
  })
  const parsed = input.parse({
    owner: ' vitalik.eth ',
    others: [VITALIK, 'bob.eth'],
    route: { via: 'bob.eth', hops: 2 },
  })
  const { asked, resolve } = resolver()
  const resolved = await resolveAddresses(parsed, resolve)
  expect(resolved.owner.name).toBe('vitalik.eth')
  expect(resolved.others.map(({ label }) => label)).toEqual([VITALIK, 'bob.eth'])
  expect(resolved.route).toMatchObject({ via: { name: 'bob.eth' }, hops: 2 })
  expect(resolved.missing).toBeUndefined()
  expect(asked, 'a name that stands twice is asked once').toEqual(['vitalik.eth', VITALIK, 'bob.eth'])
})

test('all addresses of a call are asked for in the same tick', async () => {
  const parsed = z.array(addressOrName).parse(['a.eth', 'b.eth', 'c.eth'])
  const { asked, resolve } = resolver()
  const pending = resolveAddresses(parsed, resolve)
  expect(asked).toEqual(['a.eth', 'b.eth', 'c.eth'])
  await pending
})

test.each([
  ['vitalik', 'neither an address nor an ENS name'],
  ['0x1234', 'needs 40'],
  ['0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96046', 'checksum'],
  ['', 'must be an 0x address or an ENS name'],
  [7, 'must be an 0x address or an ENS name'],
])('%j is refused before anything is read', (written, reason) => {
  const parsed = addressOrName.safeParse(written)
  expect(parsed.error?.issues[0]?.message).toContain(reason)
})
