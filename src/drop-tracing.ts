/**
 * Deletes the settings by which LangChain would send every prompt to its makers' service, and returns their names.
 * Nobody who sets them for another program means this one.
 */
export function dropTracing(env: Record<string, string | undefined>): readonly string[] {
  const names = Object.keys(env).filter((name) => /^LANG(SMITH|CHAIN)_/.test(name))
  for (const name of names) delete env[name]
  return names
}
