/** A log that keeps what it is told: `[level, message, fields]`. */
export function logLines() {
  const lines: { level: string; message: string; fields: Record<string, unknown> }[] = []
  const at =
    (level: string) =>
    (...args: unknown[]) => {
      const fields = typeof args[0] === 'object' && args[0] !== null ? (args[0] as Record<string, unknown>) : {}
      lines.push({ level, message: String(args.at(-1)), fields })
    }
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  const told = (level: string) => lines.filter((line) => line.level === level).map(({ message }) => message)
  return { log, lines, told }
}
