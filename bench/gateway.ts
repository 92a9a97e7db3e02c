import pino from 'pino'
import { parseConfig } from '../src/config.ts'
import { startGateway } from '../src/gateway.ts'
import { createLog } from '../src/telemetry/create-log.ts'
import { serveReports } from './child.ts'

/** The gateway as shipped, in a process of its own; its log goes nowhere but is written. */
const { url } = await startGateway(
  parseConfig(process.env),
  createLog({ level: 'info' }, pino.destination('/dev/null')),
)
serveReports(url)
