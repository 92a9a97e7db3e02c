import { Agent, errors, request } from 'undici'
import { createAllowList } from './allow-list.ts'
import { EgressError } from './egress-error.ts'
import { createGuardedConnect, type Resolve, resolveBySystem } from './guarded-connect.ts'
import { isPublicAddress } from './is-public-address.ts'
import { createMayReach } from './may-reach.ts'

/**
 * The way out to places that callers name: to those that `MayReach` names, and to public addresses alone unless the operator
 * allows the host. It follows no redirect, uses no proxy, and opens a connection for each message.
 */
export type Egress = {
  /** Resolves with any status, also that of a redirect. @throws {@link EgressError}; the signal's reason when it was aborted. */
  post(url: string, message: EgressMessage): Promise<{ status: number }>
}

export type EgressMessage = {
  headers: Readonly<Record<string, string>>
  body: string
  /** For all of it. */
  timeoutMs: number
  /** Of the reply's body, which is thrown away: above that the connection ends. */
  maxBytes: number
  signal: AbortSignal
}

export function createEgress({
  allow,
  resolve = resolveBySystem,
  isPublic = isPublicAddress,
}: {
  /** `host` or `host:port`. */
  allow: readonly string[]
  resolve?: Resolve
  isPublic?: (address: string) => boolean
}): Egress {
  const isAllowed = createAllowList(allow)
  const mayReach = createMayReach({ allow, isPublic })
  return {
    async post(text, { headers, body, timeoutMs, maxBytes, signal }) {
      const url = URL.parse(text)
      if (url === null || !mayReach(url)) throw new EgressError('refused')
      const connect = isAllowed(url) ? { timeout: timeoutMs } : createGuardedConnect({ resolve, isPublic, timeoutMs })
      const dispatcher = new Agent({ ...AGENT, connect })
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
      const stop = () => dispatcher.destroy(limit.reason) // a request alone cannot be called off before it is connected
      limit.addEventListener('abort', stop, { once: true })
      try {
        limit.throwIfAborted()
        const target = withoutFinalDot(url)
        const reply = await request(target, { dispatcher, method: 'POST', headers, body, reset: true })
        await reply.body.dump({ limit: maxBytes }).catch(() => {}) // what was answered is known by now
        return { status: reply.statusCode }
      } catch (error) {
        signal.throwIfAborted()
        throw limit.aborted ? new EgressError('timeout') : toEgressError(error)
      } finally {
        limit.removeEventListener('abort', stop)
        void dispatcher.destroy()
      }
    },
  }
}

/** How long an exchange may take is for its own signal to say. */
const AGENT = { headersTimeout: 0, bodyTimeout: 0, maxHeaderSize: 16_384 }

/** No certificate is made out to a name that ends in a dot. */
function withoutFinalDot(url: URL): URL {
  if (!url.hostname.endsWith('.')) return url
  const bare = new URL(url)
  bare.hostname = url.hostname.slice(0, -1)
  return bare
}

function toEgressError(thrown: unknown): EgressError {
  if (thrown instanceof EgressError) return thrown
  if (thrown instanceof errors.ConnectTimeoutError) return new EgressError('timeout')
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : undefined
  return new EgressError('unreachable', code)
}
