import type { Actor } from '../../src/accounts/actor.ts'

/** Whoever reaches the store from a shell. */
export const CLI: Actor = { id: 'admin', via: 'cli' }
