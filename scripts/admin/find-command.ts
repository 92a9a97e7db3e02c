import type { Command } from './command.ts'
import { COMMANDS } from './commands.ts'
import { UsageError } from './usage-error.ts'

/**
 * The command that a line begins with, and what stands behind it.
 * @throws {@link UsageError} that names those that are near.
 */
export function findCommand(args: readonly string[]): { command: Command; rest: readonly string[] } {
  const [first = '', second = ''] = args
  const command = COMMANDS.find(({ name }) => name === first || name === `${first} ${second}`)
  if (command !== undefined) return { command, rest: args.slice(command.name.split(' ').length) }
  if (first === '') throw new UsageError('Name a command.')
  const near = COMMANDS.map(({ name }) => name).filter((name) => name.startsWith(`${first} `))
  if (near.length > 0) throw new UsageError(`'${first}' is not whole. There are: ${near.join(', ')}.`)
  throw new UsageError(`There is no command '${first}'.`)
}
