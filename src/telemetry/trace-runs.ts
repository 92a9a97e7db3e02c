import { type Context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import { GatewayError } from '../errors.ts'
import type { Usage } from '../messages.ts'
import type { RunOrder } from '../runs/run.ts'
import type { ObserveRun } from './observe-runs.ts'

export type TraceOptions = {
  /** Arguments and results of tools go along; they may hold what a caller has asked. */
  withContent?: boolean
}

/**
 * Spans after OpenTelemetry's conventions for generative AI: `invoke_agent` around the `chat` and `execute_tool` of a run. What
 * is told again from a journal has its spans in the trace of whoever did it.
 */
export function traceRuns(tracer: Tracer, { withContent = false }: TraceOptions = {}): ObserveRun {
  return (order, journal) => {
    const { model } = order
    const run = tracer.startSpan(
      `invoke_agent ${model.id}`,
      { kind: SpanKind.INTERNAL, attributes: toRunAttributes(order, journal !== undefined) },
      toParent(order.traceparent),
    )
    const inRun = trace.setSpan(ROOT_CONTEXT, run)
    const tools = new Map<string, Span>()
    let chat: Span | undefined

    function endOpen(errorType: string): void {
      for (const span of [chat, ...tools.values()]) {
        if (span !== undefined) endFailed(span, errorType)
      }
      chat = undefined
      tools.clear()
    }

    return {
      onEvent(event, isReplayed) {
        if (isReplayed) return
        switch (event.type) {
          case 'step_started': {
            const { provider, name } = toBackendParts(model.backend)
            chat = tracer.startSpan(
              `chat ${name}`,
              { kind: SpanKind.CLIENT, attributes: toChatAttributes(order, provider, name, event.step) },
              inRun,
            )
            break
          }
          case 'step_finished': {
            const { provider, name } = toBackendParts(event.backend ?? model.backend)
            chat?.setAttributes({
              'gen_ai.provider.name': provider,
              'gen_ai.response.model': name,
              ...toUsageAttributes(event.usage),
            })
            chat?.end()
            chat = undefined
            break
          }
          case 'tool_started': {
            const { id, name, argumentsText } = event.call
            const span = tracer.startSpan(
              `execute_tool ${name}`,
              {
                kind: SpanKind.INTERNAL,
                attributes: {
                  'gen_ai.operation.name': 'execute_tool',
                  'gen_ai.tool.name': name,
                  'gen_ai.tool.type': 'function',
                  'gen_ai.tool.call.id': id,
                  ...(withContent && { 'gen_ai.tool.call.arguments': argumentsText.slice(0, MAX_CONTENT) }),
                },
              },
              inRun,
            )
            tools.set(id, span)
            break
          }
          case 'tool_finished': {
            const { call, result } = event
            const span = tools.get(call.id)
            tools.delete(call.id)
            if (withContent) span?.setAttribute('gen_ai.tool.call.result', result.text.slice(0, MAX_CONTENT))
            if (result.ok) span?.end()
            else if (span !== undefined) endFailed(span, result.invalidArguments ? 'invalid_arguments' : 'tool_error')
            break
          }
          case 'completed': {
            const { reason, usage, trace } = event
            run.setAttributes({
              'gen_ai.response.finish_reasons': [reason],
              ...toUsageAttributes(usage),
              'groundwire.run.steps': trace.steps,
              ...(trace.limit !== null && { 'groundwire.run.limit': trace.limit }),
            })
            break
          }
        }
      },
      onEnd(end) {
        if (end.type === 'completed') {
          endOpen('cancelled')
          run.end()
          return
        }
        const errorType = end.type === 'left' ? 'cancelled' : toErrorType(end.error)
        endOpen(errorType)
        endFailed(run, errorType)
      },
    }
  }
}

const MAX_CONTENT = 16_384

/** The header's word alone: whether it was sampled counts as well. */
function toParent(traceparent: string | undefined): Context {
  const [, traceId, spanId, flags] = traceparent?.split('-') ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT
  const traceFlags = Number.parseInt(flags, 16) & 1
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true })
}

function toRunAttributes({ id, model, params, format }: RunOrder, isKept: boolean) {
  return {
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.provider.name': 'groundwire',
    'gen_ai.agent.name': model.id,
    'gen_ai.request.model': model.id,
    'gen_ai.output.type': format === undefined ? 'text' : 'json',
    ...toParamAttributes(params),
    'groundwire.run.id': id,
    'groundwire.run.kept': isKept,
  }
}

function toChatAttributes({ params, format }: RunOrder, provider: string, name: string, step: number) {
  return {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': provider,
    'gen_ai.request.model': name,
    'gen_ai.output.type': format === undefined ? 'text' : 'json',
    ...toParamAttributes(params),
    'groundwire.run.step': step,
  }
}

function toParamAttributes(params: RunOrder['params']) {
  const { temperature, topP, maxTokens, stop, seed, frequencyPenalty, presencePenalty } = params
  return {
    ...(temperature !== undefined && { 'gen_ai.request.temperature': temperature }),
    ...(topP !== undefined && { 'gen_ai.request.top_p': topP }),
    ...(maxTokens !== undefined && { 'gen_ai.request.max_tokens': maxTokens }),
    ...(stop !== undefined && { 'gen_ai.request.stop_sequences': [...stop] }),
    ...(seed !== undefined && { 'gen_ai.request.seed': seed }),
    ...(frequencyPenalty !== undefined && { 'gen_ai.request.frequency_penalty': frequencyPenalty }),
    ...(presencePenalty !== undefined && { 'gen_ai.request.presence_penalty': presencePenalty }),
  }
}

function toUsageAttributes({ promptTokens, completionTokens, cachedTokens }: Usage) {
  return {
    'gen_ai.usage.input_tokens': promptTokens,
    'gen_ai.usage.output_tokens': completionTokens,
    ...(cachedTokens !== undefined && { 'gen_ai.usage.cache_read.input_tokens': cachedTokens }),
  }
}

/** `ollama:qwen3:8b` is `qwen3:8b` at `ollama`. */
function toBackendParts(backend: string): { provider: string; name: string } {
  const at = backend.indexOf(':')
  return at === -1
    ? { provider: backend, name: backend }
    : { provider: backend.slice(0, at), name: backend.slice(at + 1) }
}

/** The type alone: a message may quote a question. */
function endFailed(span: Span, errorType: string): void {
  span.setAttribute('error.type', errorType)
  span.setStatus({ code: SpanStatusCode.ERROR })
  span.end()
}

function toErrorType(error: unknown): string {
  if (error instanceof GatewayError) return error.code ?? String(error.status)
  return error instanceof Error ? error.name : typeof error
}
