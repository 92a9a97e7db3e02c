import { expect, test } from 'vitest'
import type { Lane } from './lane.ts'
import { orderLanes, putFirst } from './order-lanes.ts'

const lane = (name: string, weight?: number) => ({ name, weight }) as Lane
const namesOf = (lanes: readonly Lane[]) => lanes.map(({ name }) => name).join('')

/** Even steps from 0 up to 1: what a fair draw comes to. */
function evenly(times: number): () => number {
  let drawn = 0
  return () => (drawn++ % times) / times
}

test('without weights they are asked as listed', () => {
  expect(namesOf(orderLanes([lane('a'), lane('b'), lane('c')], () => 0.99))).toBe('abc')
})

test.each([
  { a: 3, b: 1, expected: { a: 750, b: 250 } },
  { a: 1, b: undefined, expected: { a: 500, b: 500 } },
  { a: 0.1, b: 0.3, expected: { a: 250, b: 750 } },
])('weights $a and $b share the calls in that proportion', ({ a, b, expected }) => {
  const random = evenly(1_000)
  const counts = { a: 0, b: 0 }
  // The second draw has one lane left: any number will do.
  for (let call = 0; call < 1_000; call++) {
    const at = random()
    const [first] = orderLanes([lane('a', a), lane('b', b)], () => at)
    counts[first?.name as 'a' | 'b']++
  }
  expect(counts).toEqual(expected)
})

test('weight 0 comes last, as listed, whatever is drawn', () => {
  const lanes = [lane('x', 0), lane('a', 1), lane('y', 0), lane('b', 1)]
  expect(namesOf(orderLanes(lanes, () => 0))).toBe('abxy')
  expect(namesOf(orderLanes(lanes, () => 0.999))).toBe('baxy')
})

test('one can be put before the others', () => {
  const lanes = [lane('a'), lane('b'), lane('c')]
  expect(namesOf(putFirst(lanes, 'c'))).toBe('cab')
  expect(namesOf(putFirst(lanes, 'gone'))).toBe('abc')
  expect(namesOf(putFirst(lanes, undefined))).toBe('abc')
})
