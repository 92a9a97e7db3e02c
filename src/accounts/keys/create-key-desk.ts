import type { Database } from '../../db/database.ts'
import { withStoreErrors } from '../../db/with-store-errors.ts'
import type { Actor } from '../actor.ts'
import type { OrgSeat, Role } from '../identity.ts'
import { requireMember } from '../orgs/require-member.ts'
import type { Paged } from '../read-page.ts'
import { createKey, type KeyWithSecret, type NewKey } from './create-key.ts'
import { findKey } from './find-key.ts'
import type { KeyReach } from './key-reach.ts'
import type { KeyRecord } from './key-record.ts'
import { type KeyPage, listKeys } from './list-keys.ts'
import { revokeKey } from './revoke-key.ts'
import { type Rotation, rotateKey } from './rotate-key.ts'
import { type KeyChange, updateKey } from './update-key.ts'
import { withinKeyLimit } from './within-key-limit.ts'

/**
 * API keys, for those who hold them. All that changes one is in the audit log. Rejects with a 409 `too_many_keys` where an account
 * would have too many that count, and a 503 while Postgres cannot be reached.
 */
export type KeyDesk = {
  create(wanted: NewKey, actor: Actor): Promise<KeyWithSecret>
  list(page: KeyPage): Promise<Paged<KeyRecord> | undefined>
  find(id: string, reach: KeyReach): Promise<KeyRecord | undefined>
  update(change: { id: string; reach: KeyReach; change: KeyChange }, actor: Actor): Promise<KeyRecord>
  rotate(rotation: Rotation, actor: Actor): Promise<KeyWithSecret>
  revoke(key: { id: string; reach: KeyReach }, actor: Actor): Promise<KeyRecord>
  /** See {@link requireMember}. */
  seat(org: string, account: string, least: Role): Promise<OrgSeat>
}

export function createKeyDesk({ db }: Pick<Database, 'db'>): KeyDesk {
  return withStoreErrors({
    create: async (wanted, actor) => withinKeyLimit(db, wanted.account, (tx) => createKey(tx, wanted, actor)),
    list: (page) => listKeys(db, page),
    find: (id, reach) => findKey(db, id, reach),
    async update(change, actor) {
      const known = change.change.expiry === undefined ? undefined : await findKey(db, change.id, change.reach)
      if (known?.state !== 'expired') return updateKey(db, change, actor)
      return withinKeyLimit(db, known.account, (tx) => updateKey(tx, change, actor))
    },
    async rotate(rotation, actor) {
      const { id, reach, graceSec = 0 } = rotation
      const goesOn = graceSec > 0 ? await findKey(db, id, reach) : undefined
      if (goesOn === undefined) return rotateKey(db, rotation, actor)
      return withinKeyLimit(db, goesOn.account, (tx) => rotateKey(tx, rotation, actor))
    },
    revoke: (key, actor) => revokeKey(db, key, actor),
    seat: (org, account, least) => requireMember(db, org, account, least),
  } satisfies KeyDesk)
}
