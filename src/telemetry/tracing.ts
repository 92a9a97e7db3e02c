import type { DiagLogger } from '@opentelemetry/api'
import type { Logger } from 'pino'
import { within } from '../within.ts'
import type { ObserveRun } from './observe-runs.ts'

export type Tracing = {
  /** None where no exporter is configured. */
  observers: readonly ObserveRun[]
  /** Sends what is left, for a moment. Never rejects. */
  stop(): Promise<void>
}

export type TracingDeps = {
  /** Looks up `OTEL_…` in the environment. The exporter reads others, like headers and certificates, by itself. */
  lookUp: (name: string) => string | undefined
  /** Of the gateway. */
  version?: string
  log: Pick<Logger, 'info' | 'warn'>
  /** How long a stop waits for the collector. */
  stopMs?: number
}

/**
 * Sends spans to a collector where the environment names one, with an SDK that is installed for it; otherwise nothing is
 * loaded. A gateway without traces still serves, so what is wrong here is logged.
 */
export async function startTracing({
  lookUp,
  version = 'unknown',
  log,
  stopMs = STOP_MS,
}: TracingDeps): Promise<Tracing> {
  const url = toTracesUrl(lookUp)
  if (url === undefined) return OFF
  const withContent = isTrue(lookUp('OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT'))
  try {
    const collector = new URL(url).origin
    const [{ DiagLogLevel, diag }, { traceRuns }, provider] = await Promise.all([
      import('@opentelemetry/api'),
      import('./trace-runs.ts'),
      createProvider(url, { lookUp, version }),
    ])
    diag.setLogger(toDiagLogger(log), { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true })
    log.info({ collector, withContent }, 'traces are sent')
    return {
      observers: [traceRuns(provider.getTracer('groundwire', version), { withContent })],
      async stop() {
        const sent = provider
          .shutdown()
          .catch((error: unknown) => log.warn({ err: error }, 'the last traces were not sent'))
        await within(stopMs, sent)
      },
    }
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
    if (isMissing) log.warn(`no traces are sent, as their SDK is not installed: npm install --no-save ${SDK.join(' ')}`)
    else log.warn({ err: error }, 'no traces are sent: OTEL_EXPORTER_OTLP_ENDPOINT cannot be used as it is set')
    return OFF
  }
}

const STOP_MS = 2_000

/** An outage of the collector is told now and then, not for every batch. */
function toDiagLogger(log: Pick<Logger, 'warn'>): DiagLogger {
  let quietUntilMs = 0
  const nothing = () => {}
  return {
    verbose: nothing,
    debug: nothing,
    info: nothing,
    warn: nothing,
    error(message) {
      if (performance.now() < quietUntilMs) return
      quietUntilMs = performance.now() + QUIET_MS
      log.warn({ reason: message.slice(0, 500) }, 'traces could not be sent')
    },
  }
}

const QUIET_MS = 60_000

const OFF: Tracing = { observers: [], stop: async () => {} }

const SDK = ['@opentelemetry/sdk-trace', '@opentelemetry/resources', '@opentelemetry/exporter-trace-otlp-http']

async function createProvider(url: string, { lookUp, version }: Required<Pick<TracingDeps, 'lookUp' | 'version'>>) {
  const [{ BatchSpanProcessor, TracerProvider }, { OTLPTraceExporter }, { defaultResource, resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ])
  const serviceName = lookUp('OTEL_SERVICE_NAME')?.trim()
  const exporter = new OTLPTraceExporter({ url })
  return new TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({
        'service.name': 'groundwire',
        'service.version': version,
        ...toResourceAttributes(lookUp('OTEL_RESOURCE_ATTRIBUTES')),
        ...(serviceName && { 'service.name': serviceName }),
      }),
    ),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  })
}

/** As the OTLP specification says: the general address is a base, that for traces is used as it is. */
function toTracesUrl(lookUp: TracingDeps['lookUp']): string | undefined {
  if (isTrue(lookUp('OTEL_SDK_DISABLED')) || lookUp('OTEL_TRACES_EXPORTER')?.trim() === 'none') return undefined
  const own = lookUp('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT')?.trim()
  if (own) return own
  const base = lookUp('OTEL_EXPORTER_OTLP_ENDPOINT')?.trim()
  return base ? `${base.replace(/\/+$/, '')}/v1/traces` : undefined
}

const isTrue = (value: string | undefined) => value?.trim().toLowerCase() === 'true'

/** `key=value,key2=value2`, percent-encoded. */
function toResourceAttributes(text = ''): Record<string, string> {
  const pairs = text.split(',').flatMap((pair) => {
    const [, key, value] = /^\s*([^=\s]+)\s*=(.*)$/.exec(pair) ?? []
    return key === undefined || value === undefined ? [] : [[key, decode(value.trim())] as const]
  })
  return Object.fromEntries(pairs)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
