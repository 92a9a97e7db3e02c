/**
 * Says that this process is ready, and waits for the line to begin with: so it can be started ahead. It ends with whoever is to
 * give that.
 */
export function standBy(): Promise<string> {
  return new Promise((resolve) => {
    process.stdin.setEncoding('utf8').once('data', (line: string) => resolve(line.trim()))
    process.stdin.once('end', () => process.exit())
    process.stdout.write('ready\n')
  })
}
