import { parseArgs } from 'node:util'
import { startDevChain } from '../devchain/start.ts'
import { createChains } from '../src/chain/chains.ts'
import { type Config, ConfigError, parseConfig } from '../src/config.ts'
import { toJsonSchema } from '../src/tools/json-schema.ts'
import { loadTools, ToolFilesError } from '../src/tools/load-tools.ts'
import { createRunTool } from '../src/tools/run-tool.ts'
import type { Tool } from '../src/tools/tool.ts'

const USAGE = `Runs one tool as a model would call it, on the nodes that the environment names (RPC_URL_<chain id>).

  npm run tool                                   lists the tools
  npm run tool -- <name> '<arguments as JSON>'   runs one
  npm run tool -- <name> --help                  shows what it takes
  npm run tool -- --demo <name> '<arguments>'    runs one on the demo's chain, started for it

  npm run tool -- balance '{"addresses": "vitalik.eth", "chain": "base"}'
`

process.exitCode = await main()

/** @returns the exit code: 0 for an answer, 1 for a tool's error, 2 for a wrong command line. */
async function main(): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h' }, demo: { type: 'boolean' } },
    })
    const config = parseConfig(process.env)
    const tools = await loadTools(config.toolsDir)
    const [name, argumentsText = '{}', ...rest] = positionals
    if (name === undefined) {
      console.log(`${USAGE}\n${tools.map(toLine).join('\n')}`)
      return 0
    }
    const tool = tools.find((candidate) => candidate.name === name)
    if (tool === undefined || rest.length > 0) {
      console.error(
        tool === undefined ? `There is no tool named '${name}'.\n` : 'Put the arguments in one pair of quotes.\n',
      )
      console.error(`${USAGE}\n${tools.map(toLine).join('\n')}`)
      return 2
    }
    if (values.help === true) {
      console.log(toHelp(tool))
      return 0
    }
    if (values.demo !== true) return await run(tool, argumentsText, config)
    const devChain = await startDevChain({ dataDir: config.dataDir }).catch((error: Error) => {
      throw new ConfigError(error.message, { cause: error })
    })
    try {
      const chains = devChain.chains.map(({ name }) => name)
      return await run(tool, argumentsText, { ...config, rpcUrls: devChain.rpcUrls, chains })
    } finally {
      await devChain.stop()
    }
  } catch (error) {
    if (error instanceof ConfigError || error instanceof ToolFilesError || isUsageError(error)) {
      console.error(error.message)
      return 2
    }
    throw error
  }
}

async function run(tool: Tool, argumentsText: string, config: Config): Promise<number> {
  const chains = createChains(config)
  const controller = new AbortController()
  process.once('SIGINT', () => controller.abort())
  try {
    const { scope } = chains.openSession()
    const result = await createRunTool(tool)(argumentsText, scope, controller.signal)
    if (!result.ok) {
      console.error(result.reason)
      const { error: _, ...details } = JSON.parse(result.text) as Record<string, unknown>
      if (Object.keys(details).length > 0) console.error(JSON.stringify(details, null, 2))
      if (result.invalidArguments) console.error(`\n${toHelp(tool)}`)
      return 1
    }
    console.log(JSON.stringify(JSON.parse(result.text), null, 2))
    console.log(`\n${result.summary}`)
    return 0
  } finally {
    await chains.close()
  }
}

function toLine({ name, description }: Tool): string {
  return `  ${name.padEnd(18)} ${/^.*?[.](?=\s|$)/.exec(description)?.[0] ?? description}`
}

function toHelp({ name, description, input, examples, notes = [] }: Tool): string {
  const parts = [
    `${name}: ${description}`,
    `Arguments, as JSON Schema:\n${JSON.stringify(toJsonSchema(input), null, 2)}`,
    `Questions it answers:\n${examples.map(({ ask }) => `  ${ask}`).join('\n')}`,
    ...(notes.length === 0 ? [] : [`What its result is not:\n${notes.map((note) => `  ${note}`).join('\n')}`]),
  ]
  return parts.join('\n\n')
}

function isUsageError(error: unknown): error is Error {
  return error instanceof TypeError && String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS')
}
