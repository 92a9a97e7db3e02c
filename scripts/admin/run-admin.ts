import { createAdminDesk } from '../../src/accounts/admin/create-admin-desk.ts'
import { ConfigError, parseConfig } from '../../src/config.ts'
import { StoreSetupError } from '../../src/db/store-setup-error.ts'
import { GatewayError } from '../../src/errors.ts'
import type { Answer, Command } from './command.ts'
import { findCommand } from './find-command.ts'
import { toCommandHelp, toHelp } from './help.ts'
import { type Parsed, parseInput } from './input.ts'
import { openStore } from './open-store.ts'
import { UsageError } from './usage-error.ts'

export type Shell = {
  /** After the name of the program. */
  args: readonly string[]
  env: Record<string, string | undefined>
  /** Standard output: what was asked for. */
  out(text: string): void
  /** Standard error: what else there is to say. */
  err(text: string): void
}

/** @returns the exit code: 0 when done, 1 when that failed, 2 for a wrong command line or environment. */
export async function runAdmin(shell: Shell): Promise<number> {
  const { args, out, err } = shell
  if (['--help', '-h', 'help'].includes(args[0] ?? '')) {
    out(`${toHelp()}\n`)
    return 0
  }
  let command: Command | undefined
  try {
    const found = findCommand(args)
    command = found.command
    const parsed = parseInput(command, found.rest)
    if (parsed.help) out(`${toCommandHelp(command)}\n`)
    else tell(await run(command, parsed, shell.env), parsed, shell)
    return 0
  } catch (error) {
    if (error instanceof UsageError || (error instanceof GatewayError && error.status === 400)) {
      err(`${error.message}\n\n${command === undefined ? toHelp() : toCommandHelp(command)}\n`)
      return 2
    }
    err(`${toLine(error)}\n`)
    return error instanceof ConfigError ? 2 : 1
  }
}

async function run(command: Command, { input }: Parsed, env: Shell['env']): Promise<Answer> {
  const database = await openStore(parseConfig(env))
  try {
    return await command.run(createAdminDesk(database), input)
  } finally {
    await database.close()
  }
}

/** A secret alone goes to standard output, so that `KEY=$(…)` takes just that. */
function tell({ json, text, secret, hint }: Answer, parsed: Parsed, { out, err }: Shell): void {
  if (parsed.json) {
    out(`${JSON.stringify(json, null, 2)}\n`)
    return
  }
  if (secret === undefined) out(`${text}\n`)
  else {
    err(`${text}\n\nShown this once:\n`)
    out(`${secret}\n`)
  }
  if (hint !== undefined) err(`\n${hint}\n`)
}

/** What is none of ours is shown with its stack. */
function toLine(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const isTold = error instanceof GatewayError || error instanceof StoreSetupError || error instanceof ConfigError
  return isTold ? error.message : (error.stack ?? error.message)
}
