// Owns an embedded server, as a gateway does, until it is killed or, on SIGTERM, stops. Tells on standard output.
import { startEmbedded } from '../../src/db/embedded/start-embedded.ts'

const [dataDir = ''] = process.argv.slice(2)
process.on('SIGINT', () => {})
try {
  const server = await startEmbedded({ dataDir, durable: false })
  process.once('SIGTERM', () => void server.stop().then(() => process.exit(0)))
  process.stdout.write(`${JSON.stringify({ url: server.connectionString })}\n`)
  setInterval(() => {}, 60_000)
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: error instanceof Error ? error.message : String(error) })}\n`)
}
