import { readFileSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Abi, Hex } from 'viem'
import { z } from 'zod'

/** What `compiled.json` holds: our own contracts by name, and the compiler that made them. */
export type Compiled = {
  solc: string
  openzeppelin: string
  contracts: Record<string, { abi: Abi; bytecode: Hex }>
}

const SOURCES = new URL('./sol/', import.meta.url)
const COMPILED = new URL('./compiled.json', import.meta.url)
const require = createRequire(import.meta.url)

/** Compiles every contract in `sol/`. Takes some seconds. @throws Error with solc's own words. */
export async function compile(): Promise<Compiled> {
  const solc: Solc = require('solc')
  const input = {
    language: 'Solidity',
    sources: await readSources(),
    settings: {
      viaIR: true, // the resolver is "stack too deep" without it
      optimizer: { enabled: true, runs: 200 },
      evmVersion: 'cancun',
      metadata: { appendCBOR: false, bytecodeHash: 'none' },
      outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
    },
  }
  const output = Output.parse(JSON.parse(solc.compile(JSON.stringify(input), { import: readImport })))
  const errors = output.errors.filter((error) => error.severity === 'error')
  if (errors.length > 0) throw new Error(errors.map((error) => error.formattedMessage).join('\n'))
  return { solc: solc.version(), openzeppelin: packageVersion('@openzeppelin/contracts'), contracts: toOurs(output) }
}

export async function loadCompiled(): Promise<Compiled> {
  return JSON.parse(await readFile(COMPILED, 'utf8'))
}

type Solc = {
  version(): string
  compile(input: string, callbacks: { import(path: string): { contents: string } | { error: string } }): string
}

const Output = z.object({
  errors: z.array(z.object({ severity: z.string(), formattedMessage: z.string() })).default([]),
  contracts: z
    .record(
      z.string(),
      z.record(
        z.string(),
        z.object({
          abi: z.array(z.unknown()),
          evm: z.object({ bytecode: z.object({ object: z.string().regex(/^[0-9a-f]*$/) }) }),
        }),
      ),
    )
    .default({}),
})

async function readSources(): Promise<Record<string, { content: string }>> {
  const files = (await readdir(SOURCES)).sort()
  const contents = await Promise.all(files.map((file) => readFile(new URL(file, SOURCES), 'utf8')))
  return Object.fromEntries(files.map((file, index) => [file, { content: contents[index] ?? '' }]))
}

function readImport(path: string): { contents: string } | { error: string } {
  try {
    return { contents: readFileSync(require.resolve(path), 'utf8') }
  } catch (error) {
    return { error: String(error) }
  }
}

function toOurs(output: z.output<typeof Output>): Compiled['contracts'] {
  const ours = Object.entries(output.contracts)
    .filter(([file]) => !file.startsWith('@'))
    .flatMap(([file, contracts]) => {
      const name = file.replace(/\.sol$/, '')
      const contract = contracts[name]
      return contract
        ? [[name, { abi: contract.abi as Abi, bytecode: `0x${contract.evm.bytecode.object}` }] as const]
        : []
    })
  return Object.fromEntries(ours)
}

function packageVersion(name: string): string {
  return require(`${name}/package.json`).version
}

if (import.meta.main) await writeFile(COMPILED, `${JSON.stringify(await compile(), null, 1)}\n`)
