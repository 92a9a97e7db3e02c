import type { DevChainId } from '../../devchain/dev-client.ts'
import { type DevChain, startDevChain } from '../../devchain/start.ts'
import { type Config, parseConfig } from '../../src/config.ts'
import { type Gateway, startGateway } from '../../src/gateway.ts'
import { createLog } from '../../src/telemetry/create-log.ts'
import { createDatabase } from './database.ts'

export type WholeGateway = Gateway & {
  databaseUrl: string
  /** What the gateway logged, a parsed line each. */
  logLines(): Record<string, unknown>[]
  ask(body: object, init?: { headers?: Record<string, string>; signal?: AbortSignal }): Promise<Response>
}

/**
 * All parts as shipped, on a free port, set up by the environment variables that an operator would set. The store is a database
 * of its own on the server that all specs share, unless `DATABASE_URL` says otherwise; it goes with the gateway.
 */
export async function wholeGateway(env: Record<string, string>): Promise<WholeGateway> {
  const database = env.DATABASE_URL === undefined ? await createDatabase() : undefined
  const config: Config = parseConfig({ PORT: '0', ...(database && { DATABASE_URL: database.url }), ...env })
  const lines: string[] = []
  const log = createLog({ level: 'info' }, { write: (line) => lines.push(line) })
  const gateway = await startGateway(config, log, env)
  return {
    ...gateway,
    databaseUrl: database?.url ?? env.DATABASE_URL ?? '',
    async close() {
      await gateway.close()
      await database?.drop()
    },
    logLines: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    ask: (body, { headers = {}, ...init } = {}) =>
      fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer test', ...headers },
        body: JSON.stringify(body),
        ...init,
      }),
  }
}

/** A development chain and the environment that points a gateway at it. */
export async function devChainEnv(
  chainIds: readonly DevChainId[],
): Promise<{ chain: DevChain; env: Record<string, string> }> {
  const chain = await startDevChain({ chainIds })
  const urls = chain.chains.map(({ chainId, url }) => [`RPC_URL_${chainId}`, url] as const)
  const names = chain.chains.map(({ name }) => name)
  return { chain, env: { ...Object.fromEntries(urls), CHAINS: names.join(',') } }
}
