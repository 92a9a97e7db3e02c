/** Unix milliseconds as the wire has times; null stays null. */
export function toSeconds<Ms extends number | null>(ms: Ms): Ms {
  return (ms === null ? null : Math.floor(ms / 1000)) as Ms
}
