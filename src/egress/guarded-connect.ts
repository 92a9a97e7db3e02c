import { promises as dns, type LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { buildConnector } from 'undici'
import { EgressError } from './egress-error.ts'

/** All addresses of a name. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>

export const resolveBySystem: Resolve = (hostname) => dns.lookup(hostname, { all: true })

/**
 * Opens connections to public addresses alone. The addresses that are judged are those that the socket is given: a name is
 * asked for once per connection, so that no second answer can lead elsewhere.
 */
export function createGuardedConnect({
  resolve,
  isPublic,
  timeoutMs,
}: {
  resolve: Resolve
  isPublic: (address: string) => boolean
  timeoutMs: number
}): buildConnector.connector {
  const lookup: LookupFunction = (hostname, { all }, done) => {
    resolve(hostname).then(
      (addresses) => {
        const [first] = addresses
        // One that is not public beside others that are: nobody sets that up by accident.
        if (first === undefined || !addresses.every(({ address }) => isPublic(address))) {
          done(new EgressError('refused'), '')
        } else if (all) done(null, [...addresses])
        else done(null, first.address, first.family)
      },
      (error: NodeJS.ErrnoException) => done(error, ''),
    )
  }
  const connect = buildConnector({ lookup, timeout: timeoutMs, rejectUnauthorized: true })
  return (options, done) => {
    const literal = options.hostname.replace(/^\[|\]$/g, '')
    // Nobody looks up what is an address already.
    if (isIP(literal) !== 0 && !isPublic(literal)) done(new EgressError('refused'), null)
    else connect(options, done)
  }
}
