import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ROOT } from './gateway-process.ts'

const page = await readFile(join(ROOT, 'docs/accounts.md'), 'utf8')

type Block = { commands: string /** What the page shows of the output. */; shown: string[] }

test('the page of accounts, followed line by line, prints what it shows', { timeout: 120_000 }, async () => {
  const blocks = toBlocks(page)
  expect(blocks.length).toBeGreaterThan(15)
  const { url, dataDir } = await startDemo()
  const printed = await follow(blocks, { url, dataDir })
  for (const [at, { commands, shown }] of blocks.entries()) {
    let rest = withoutRuns(printed[at] ?? 'nothing')
    for (const part of shown) {
      const found = rest.indexOf(part)
      if (found === -1) expect.fail(`After\n${commands}\nthe page shows\n${part}\nwhere there was\n${rest}`)
      rest = rest.slice(found + part.length)
    }
  }
})

/** Commands are in blocks of `sh`, and what they print in the block without a language behind them: `…` stands for anything. */
function toBlocks(markdown: string): Block[] {
  const found: Block[] = []
  for (const [, language, text = ''] of markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)) {
    if (language === 'sh') found.push({ commands: text, shown: [] })
    else
      found.at(-1)?.shown.push(
        ...withoutRuns(text)
          .split('…')
          .map((part) => part.trim()),
      )
  }
  return found
}

/** Columns are as wide as what is in them. */
function withoutRuns(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}

/** In one shell, as somebody with a terminal does. */
async function follow(
  commands: readonly Block[],
  { url, dataDir }: { url: string; dataDir: string },
): Promise<string[]> {
  const lines = commands.map(({ commands: text }) => `${text}\nprintf '${MARK}'`).join('\n')
  const script = lines
    .replace('URL=http://127.0.0.1:8787', `URL=${url}`)
    .replaceAll(/npm run --silent (\w+) --/g, 'node scripts/$1.ts')
  const child = spawn('sh', ['-c', `exec 2>&1\n${script}`], {
    cwd: ROOT,
    env: { PATH: [dirname(process.execPath), process.env.PATH].join(delimiter), DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  await once(child, 'close')
  return output.split(MARK)
}

const MARK = '<<end of block>>'

async function startDemo(): Promise<{ url: string; dataDir: string }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'groundwire-accounts-'))
  const child = spawn(process.execPath, ['demo/main.ts'], {
    cwd: ROOT,
    env: {
      ...{ PATH: process.env.PATH, PORT: '0', DATA_DIR: dataDir },
      ...{ FREE_MODE: '0', OLLAMA_BASE_URL: 'http://127.0.0.1:9' },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(async () => {
    child.kill('SIGTERM')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    await rm(dataDir, { recursive: true, maxRetries: 20 })
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  await expect.poll(() => output, { timeout: 60_000 }).toContain('Ctrl-C stops everything')
  return { url: /url\s+(\S+)\/v1/.exec(output)?.[1] ?? '', dataDir }
}
