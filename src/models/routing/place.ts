import type { Lane } from './lane.ts'
import { type Release, waitForSlot } from './slots.ts'

/** Leave to ask a backend. */
export type Place = { lane: Lane; release: Release }

/** At the first of them that is not full. */
export function takeFree(lanes: readonly Lane[]): Place | undefined {
  for (const lane of lanes) {
    const release = lane.slots === undefined ? () => {} : lane.slots.tryTake()
    if (release !== undefined) return { lane, release }
  }
  return undefined
}

/** At the first of them, all of which are full, that has one; undefined when none had within `waitMs`. */
export async function waitForPlace(
  lanes: readonly Lane[],
  limits: { signal: AbortSignal; waitMs: number },
): Promise<Place | undefined> {
  const full = lanes.flatMap((lane) => (lane.slots === undefined ? [] : [{ lane, slots: lane.slots }]))
  const granted = await waitForSlot(
    full.map(({ slots }) => slots),
    limits,
  )
  const lane = full[granted?.at ?? -1]?.lane
  return granted === undefined || lane === undefined ? undefined : { lane, release: granted.release }
}
