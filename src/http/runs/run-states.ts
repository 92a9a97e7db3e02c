import type { RunState } from '../../runs/run-record.ts'

/** All that the `status` of a run may be. */
export const RUN_STATES = [
  'queued',
  'running',
  'completed',
  'failed',
  'cancelled',
  'expired',
] as const satisfies readonly RunState[]
