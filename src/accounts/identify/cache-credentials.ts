import { LRUCache } from 'lru-cache'
import type { FindCredential, StoredCredential } from './find-credential.ts'

/**
 * Remembers what was found for {@link FOUND_MS}, counted from when the store was asked, and joins those who ask for the same:
 * what is revoked or changed counts everywhere after that time at the latest.
 * @param now - milliseconds of a clock that never goes back.
 */
export function cacheCredentials(find: FindCredential, now = () => performance.now()): FindCredential {
  const known = new LRUCache<string, Known>({ max: MAX_FOUND })
  // Apart, so that who tries many keys does not drive out those that are.
  const unknown = new LRUCache<string, Known>({ max: MAX_MISSING })
  const lookups = new Map<string, Lookup>()

  return async (name) => {
    const id = `${name.kind} ${name.hash}`
    const kept = known.get(id) ?? unknown.get(id)
    if (kept !== undefined && now() < kept.untilMs) return kept.credential
    const joined = lookups.get(id)
    if (joined !== undefined && now() < joined.startedMs + FOUND_MS) return joined.credential

    const startedMs = now()
    const lookup: Lookup = { startedMs, credential: find(name) }
    lookups.set(id, lookup)
    try {
      const credential = await lookup.credential
      const keepMs = credential === undefined ? MISSING_MS : Math.min(FOUND_MS, credential.leftMs ?? FOUND_MS)
      known.delete(id)
      unknown.delete(id)
      const cache = credential === undefined ? unknown : known
      cache.set(id, { credential, untilMs: startedMs + keepMs })
      return credential
    } finally {
      if (lookups.get(id) === lookup) lookups.delete(id)
    }
  }
}

type Known = { credential: StoredCredential | undefined; untilMs: number }
type Lookup = { startedMs: number; credential: Promise<StoredCredential | undefined> }

const FOUND_MS = 2_000
const MISSING_MS = 1_000
const MAX_FOUND = 20_000
const MAX_MISSING = 20_000
