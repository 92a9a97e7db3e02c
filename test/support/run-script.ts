import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

const SCRIPTS = join(import.meta.dirname, '../../scripts')

export type ScriptRun = { code: number | null; stdout: string; stderr: string }

/** As `npm run <script> -- …` does, in a folder of its own. @param script - a file of `scripts/`. */
export async function runScript(
  script: string,
  args: readonly string[],
  { env, cwd }: { env: Record<string, string>; cwd: string },
): Promise<ScriptRun> {
  const child: ChildProcess = spawn(process.execPath, [join(SCRIPTS, script), ...args], { cwd, env })
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout as NodeJS.ReadableStream),
    text(child.stderr as NodeJS.ReadableStream),
    once(child, 'exit'),
  ])
  return { code, stdout, stderr }
}
