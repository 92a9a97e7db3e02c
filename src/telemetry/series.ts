import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Runs may take minutes, and wait for as long; the API's own time is milliseconds. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_200]
const RUN_SECONDS = [0.1, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 180, 300, 600, 900, 1_800, 3_600, 7_200]

/** The series that are kept, in a registry of their own. docs/operations.md tells what they mean. */
export function createSeries() {
  const registry = new Registry()
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name: `groundwire_${name}`, help, labelNames, registers: [registry] })
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Gauge({ name: `groundwire_${name}`, help, labelNames, registers: [registry] })
  const histogram = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    buckets = SECONDS,
  ) =>
    new Histogram({
      name: `groundwire_${name}`,
      help,
      labelNames,
      buckets,
      registers: [registry],
    })
  return {
    registry,
    build: gauge('build_info', 'What runs here; always 1.', ['version', 'role']),
    up: gauge('up', 'Whether a part has answered at this scrape.', ['part']),
    requests: counter('http_requests_total', 'Requests that are over.', ['method', 'route', 'status']),
    requestSeconds: histogram(
      'http_request_duration_seconds',
      'From the head of a request to the end of its response.',
      ['route', 'status'],
    ),
    submitted: counter(
      'runs_submitted_total',
      'Requests for a run that is kept: accepted, or joined to one there was.',
      ['model', 'result'],
    ),
    runs: gauge('runs', 'Runs in the store.', ['state']),
    queueJobs: gauge('queue_jobs', 'Jobs in the queue.', ['state']),
    waitSeconds: histogram('run_wait_seconds', 'From a run being accepted to its start.', ['model'], RUN_SECONDS),
    ended: counter('runs_ended_total', 'Runs that have ended here.', ['model', 'state']),
    overdue: counter(
      'runs_overdue_total',
      'Runs that were ended because they waited or ran too long, or were left.',
      [],
    ),
    runSeconds: histogram(
      'run_duration_seconds',
      'From the start of a run to its end.',
      ['model', 'state'],
      RUN_SECONDS,
    ),
    stepSeconds: histogram(
      'step_duration_seconds',
      'One call of a model, with the time it waits for its backend.',
      ['model', 'backend', 'outcome'],
      RUN_SECONDS,
    ),
    toolSeconds: histogram('tool_duration_seconds', 'One call of a tool of the gateway.', ['tool', 'outcome']),
    tokens: counter('tokens_total', 'Tokens of model calls, as backends count them.', [
      'model',
      'backend',
      'direction',
    ]),
    backendCalls: counter('backend_calls_total', 'Calls of a backend.', ['backend', 'outcome']),
    backendUp: gauge('backend_up', 'Whether the last call of a backend was answered.', ['backend']),
    breaker: gauge('backend_breaker', 'The state a circuit breaker is in has the value 1.', ['backend', 'state']),
    webhooks: counter('webhook_attempts_total', 'Attempts to deliver a webhook.', ['outcome']),
  }
}
