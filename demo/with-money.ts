import { randomBytes } from 'node:crypto'
import type { Config } from '../src/config.ts'

/**
 * What a demo in which questions cost something needs, where the environment leaves it open: prices, a treasury to pay to, and a
 * key for the admin routes.
 */
export function withMoney(config: Config): Config {
  if (config.freeMode) return config
  return {
    ...config,
    adminKey: config.adminKey ?? randomBytes(24).toString('base64url'),
    defaultPrice: config.defaultPrice ?? PRICE,
    // Another one at each start: the chain begins anew, and what was looked at for the last one is not of this chain.
    treasuryAddress: config.treasuryAddress ?? `0x${randomBytes(20).toString('hex')}`,
    depositEveryMs: Math.min(config.depositEveryMs, 1_000),
  }
}

/** A question costs about a fifth of a cent. */
const PRICE = { promptPerMillion: 200_000n, completionPerMillion: 800_000n, perRun: 1_000n }
