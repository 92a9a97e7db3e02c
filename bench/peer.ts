import { once } from 'node:events'
import { type AddressInfo, type ListenOptions, Server } from 'node:net'
import { pathToFileURL } from 'node:url'
import { serveReports } from './child.ts'
import { PEER_SCRIPT } from './install-peer.ts'

/**
 * The peer gateway as npm has it, in a process of its own. It would listen on every address of the machine and on a port
 * of its own choice: here it is given the loopback and any port.
 *
 * Its lockfile holds `@hono/node-server` at 1.14.1: with later ones its streams fail, whatever the Node
 * (https://github.com/Portkey-AI/gateway/issues/1389).
 */
const listening = new Promise<Server>((resolve) => {
  const listen: (this: Server, options: ListenOptions) => Server = Server.prototype.listen
  Server.prototype.listen = function (this: Server) {
    resolve(this)
    return listen.call(this, { host: '127.0.0.1', port: 0 })
  }
})
process.argv.push('--headless')
await import(pathToFileURL(PEER_SCRIPT).href)
const server = await listening
if (!server.listening) await once(server, 'listening')
serveReports(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
