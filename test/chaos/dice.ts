/** Chance that falls the same way for the same seed. */
export type Dice = {
  /** From 0 up to 1. */
  roll(): number
  /** Whole, both ends included. */
  between(least: number, most: number): number
  chance(probability: number): boolean
  pick<Item>(items: readonly Item[]): Item
}

/** Mulberry32. @param seed - a number, or any words. */
export function createDice(seed: number | string): Dice {
  let state = typeof seed === 'number' ? seed : toNumber(seed)
  function roll(): number {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    roll,
    between: (least, most) => least + Math.floor(roll() * (most - least + 1)),
    chance: (probability) => roll() < probability,
    pick: (items) => items[Math.floor(roll() * items.length)] as never,
  }
}

/** FNV-1a. */
function toNumber(words: string): number {
  let number = 0x811c9dc5
  for (const byte of Buffer.from(words)) number = Math.imul(number ^ byte, 0x01000193)
  return number
}
