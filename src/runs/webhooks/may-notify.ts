import { createMayReach } from '../../egress/may-reach.ts'

/** Whether a caller may have its webhooks sent there, as far as the URL tells. `egressAllow` is what the operator allows. */
export function mayNotify(url: URL, egressAllow: readonly string[]): boolean {
  return createMayReach({ allow: egressAllow })(url)
}
