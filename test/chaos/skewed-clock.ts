import { flushCompileCache } from 'node:module'

/** For `node --import`: a process whose clock is wrong by `CLOCK_SKEW_MS` milliseconds. Timers and `performance` run as ever. */
const skewMs = Number(process.env.CLOCK_SKEW_MS ?? 0)
const RealDate = Date

function SkewedDate(...args: unknown[]): Date | string {
  if (new.target === undefined) return new RealDate(SkewedDate.now()).toString()
  const parts = args.length === 0 ? [SkewedDate.now()] : args
  return Reflect.construct(RealDate, parts, new.target)
}
SkewedDate.now = () => RealDate.now() + skewMs
SkewedDate.parse = RealDate.parse
SkewedDate.UTC = RealDate.UTC
SkewedDate.prototype = RealDate.prototype

globalThis.Date = SkewedDate as unknown as DateConstructor

// Who is killed leaves no compile cache behind, and the next one would start as slowly.
setTimeout(flushCompileCache, 5_000).unref()
