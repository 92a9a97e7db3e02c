import type { Lane } from './lane.ts'

/**
 * In which order to ask: as listed, or drawn by their weights where one has a weight. Those of weight 0 come last, as listed.
 * @param random - from 0 up to 1.
 */
export function orderLanes(lanes: readonly Lane[], random: () => number): readonly Lane[] {
  if (lanes.every(({ weight }) => weight === undefined)) return lanes
  const left = lanes.filter((lane) => weightOf(lane) > 0)
  const drawn: Lane[] = []
  while (left.length > 0) {
    const total = left.reduce((sum, lane) => sum + weightOf(lane), 0)
    let at = random() * total
    const found = left.findIndex((lane) => {
      at -= weightOf(lane)
      return at < 0
    })
    drawn.push(...left.splice(found === -1 ? left.length - 1 : found, 1))
  }
  return [...drawn, ...lanes.filter((lane) => weightOf(lane) === 0)]
}

/** The one of that name is asked before all others. */
export function putFirst(lanes: readonly Lane[], name: string | undefined): readonly Lane[] {
  const first = lanes.find((lane) => lane.name === name)
  return first === undefined || first === lanes[0] ? lanes : [first, ...lanes.filter((lane) => lane !== first)]
}

const weightOf = ({ weight = 1 }: Lane) => weight
