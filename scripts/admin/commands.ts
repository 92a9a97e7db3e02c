import { ACCOUNT_COMMANDS } from './account-commands.ts'
import { audit } from './audit-command.ts'
import type { Command } from './command.ts'
import { KEY_COMMANDS } from './key-commands.ts'
import { ORG_COMMANDS } from './org-commands.ts'
import { usage } from './usage-command.ts'
import { VOUCHER_COMMANDS } from './voucher-commands.ts'

/** All there are, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  ...KEY_COMMANDS,
  ...ACCOUNT_COMMANDS,
  ...VOUCHER_COMMANDS,
  ...ORG_COMMANDS,
  usage,
  audit,
]
