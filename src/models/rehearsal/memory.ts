import type { Field } from './fields.ts'

/** What was last spoken of: what "its" and "there" mean. */
export type Memory = ReadonlyMap<string, readonly unknown[]>

/** What a field may be filled with from memory. */
export function recall(memory: Memory, field: Pick<Field, 'name' | 'kinds'>): readonly unknown[] | undefined {
  return toKeys(field)
    .map((key) => memory.get(key))
    .find((values) => values !== undefined)
}

/** What the user has said is theirs: what "my" means. */
export function recallOwn(memory: Memory, { kinds }: Pick<Field, 'kinds'>): readonly unknown[] | undefined {
  return kinds.has('address') ? memory.get(OWN) : undefined
}

export function rememberOwn(memory: Memory, addresses: readonly string[]): Memory {
  return addresses.length === 0 ? memory : new Map([...memory, [OWN, addresses]])
}

const OWN = 'own'

/** What an address is remembered as that no field has taken yet. */
export const ANY_ADDRESS: Pick<Field, 'name' | 'kinds'> = { name: 'address', kinds: new Set(['address']) }

/** The memory after `values` were spoken of as values of `field`. */
export function remember(memory: Memory, field: Pick<Field, 'name' | 'kinds'>, values: readonly unknown[]): Memory {
  const distinct = [...new Set(values)]
  return distinct.length === 0 ? memory : new Map([...memory, ...toKeys(field).map((key) => [key, distinct] as const)])
}

/** Addresses and symbols are the same thing in whatever field; words of a vocabulary belong to the fields of that name. */
function toKeys({ name, kinds }: Pick<Field, 'name' | 'kinds'>): string[] {
  return [...kinds].flatMap((kind) => {
    if (kind === 'address' || kind === 'symbol') return [kind]
    return kind === 'words' ? [`words:${name}`] : []
  })
}
