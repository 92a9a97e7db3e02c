import type { Command } from './command.ts'
import { COMMANDS } from './commands.ts'

/** Of all commands. */
export function toHelp(): string {
  const lines = COMMANDS.map((command) => [toCall(command), command.says] as const)
  const width = Math.max(...lines.map(([call]) => call.length))
  return [
    'Keys, accounts, credits and orgs of the gateway, straight on its store: DATABASE_URL, or the embedded Postgres in DATA_DIR.',
    'The gateway may be running.',
    '',
    ...lines.map(([call, says]) => `  ${call.padEnd(width)}  ${says}`),
    '',
    '  --json    prints what the admin routes would answer',
    '  --help    behind a command tells what it takes',
    '',
    'Amounts are credits: 5 or 1.25. In a script: KEY=$(npm run --silent admin -- keys create --name ann)',
  ].join('\n')
}

export function toCommandHelp(command: Command): string {
  const { says, options } = command
  const lines = Object.entries(options).map(
    ([name, option]) => [option.takes === undefined ? `--${name}` : `--${name} ${option.takes}`, option.says] as const,
  )
  const all = [...lines, ['--json', 'prints what the admin routes would answer'] as const]
  const width = Math.max(...all.map(([call]) => call.length))
  return [
    `npm run admin -- ${toCall(command)}`,
    '',
    `${says[0]?.toUpperCase()}${says.slice(1)}.`,
    '',
    ...all.map(([call, text]) => `  ${call.padEnd(width)}  ${text}`),
  ].join('\n')
}

const toCall = ({ name, takes }: Command) => [name, ...takes.map((taken) => `<${taken}>`)].join(' ')
