import type { AdminDesk } from '../../src/accounts/admin/create-admin-desk.ts'
import type { Input } from './input.ts'

export type Command = {
  /** `keys create` */
  name: string
  /** Names of what stands after it, in order: all are needed. */
  takes: readonly string[]
  /** In a few words. */
  says: string
  options: Options
  run(desk: AdminDesk, input: Input): Promise<Answer>
}

/** By name. Beside them each command knows `--json` and `--help`. */
export type Options = Readonly<Record<string, Option>>

type Option = {
  /** What it takes, for the help: `5`; undefined where it stands alone. */
  takes?: string
  says: string
}

/** What a command has to tell. */
export type Answer = {
  /** As the admin routes have it. */
  json: unknown
  /** For people. */
  text: string
  /** Shown this once, on a line of its own. */
  secret?: string
  /** What to do next. */
  hint?: string | undefined
}
