/** 3 to 40 lower-case letters, digits and hyphens, none of them at an end. It cannot be taken for an id, which has an underscore. */
export const SLUG = /^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$/

/** Whether an org may go by it: some words mean something else where a slug stands, or would pass for the house. */
export function isSlug(text: string): boolean {
  return SLUG.test(text) && !RESERVED.has(text)
}

const RESERVED: ReadonlySet<string> = new Set([
  ...['accept', 'admin', 'all', 'any', 'api', 'audit', 'billing', 'credits', 'default', 'gateway', 'groundwire'],
  ...['house', 'invitations', 'members', 'new', 'none', 'null', 'official', 'openai', 'operator', 'org', 'orgs', 'own'],
  ...['owner', 'payments', 'personal', 'root', 'security', 'self', 'settings', 'support', 'system', 'treasury'],
  ...['undefined', 'usage', 'wallet'],
])
