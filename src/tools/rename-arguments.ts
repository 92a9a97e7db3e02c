import type { JsonSchema } from '../messages.ts'

/**
 * Arguments under the names of `schema`: `address` for `addresses`, `chain_id` or `network` for `chain`. One that no field,
 * or more than one, could mean keeps its name. Left alone, a `network` would be dropped and another chain be read.
 */
export function renameArguments(args: Record<string, unknown>, schema: JsonSchema): Record<string, unknown> {
  const fields = toFields(schema)
  const alike = rename(args, fields, (field, word) => toWord(field.name) === word)
  const meant = rename(alike, fields, ({ format }, word) => (OTHER_NAMES[format] ?? []).includes(word))
  // One value without a place, and one place that has to be filled.
  const missing = fields.filter(({ name, isRequired }) => isRequired && !(name in meant))
  const [stranger, ...others] = Object.keys(meant).filter((key) => fields.every(({ name }) => name !== key))
  return stranger === undefined || others.length > 0 ? meant : rename(meant, missing, () => true)
}

type Field = { name: string; format: string; isRequired: boolean }

/** What models call a field of a format, whatever its name is; without `_` and case, in the singular. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  address: ['address', 'walletaddress', 'wallet', 'owner', 'account', 'user', 'ens', 'ensname', 'name'],
  chain: ['chain', 'chainid', 'chainname', 'network', 'networkid', 'blockchain'],
  token: ['token', 'tokensymbol', 'symbol', 'ticker', 'asset', 'coin', 'tokenaddress', 'contractaddress', 'contract'],
  block: ['block', 'blocknumber', 'blocknum', 'blockheight', 'blocktag', 'height', 'atblock', 'number'],
  time: ['time', 'timestamp', 'date', 'datetime'],
}

function rename(
  args: Record<string, unknown>,
  fields: readonly Field[],
  isMeant: (field: Field, word: string) => boolean,
): Record<string, unknown> {
  const names = new Set(fields.map(({ name }) => name))
  const renamed = { ...args }
  for (const [key, value] of Object.entries(args)) {
    if (names.has(key)) continue
    const [found, ...others] = fields.filter((field) => !(field.name in renamed) && isMeant(field, toWord(key)))
    if (found === undefined || others.length > 0) continue
    delete renamed[key]
    renamed[found.name] = value
  }
  return renamed
}

/** `Chain_ID` → `chainid`, `addresses` → `address`. */
function toWord(key: string): string {
  return key
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
    .replace(/(?<=ss)es$|(?<!s)s$/, '')
}

function toFields({ properties, required }: JsonSchema): Field[] {
  const isRequired = new Set(Array.isArray(required) ? required : [])
  return Object.entries((properties ?? {}) as Record<string, Node>).map(([name, { format, items }]) => ({
    name,
    format: items?.format ?? format ?? '',
    isRequired: isRequired.has(name),
  }))
}

type Node = { format?: string; items?: { format?: string } }
