import { EventEmitter } from 'node:events'
import type { createPostgresBackend } from 'bullmq'

type PostgresConnection = ReturnType<typeof createPostgresBackend>['connection']

/**
 * BullMQ listens on a connection that is none of its pool's, and takes all listeners off it before it closes it: were it to break
 * just then, nobody would hear of it, and an error that nobody hears ends the process.
 */
export function keepListenerQuiet(connection: PostgresConnection): void {
  const getListenClient = connection.getListenClient.bind(connection)
  connection.getListenClient = async () => {
    const client = await getListenClient()
    client.removeAllListeners = (event) => {
      EventEmitter.prototype.removeAllListeners.call(client, event)
      return client.on('error', () => {})
    }
    return client
  }
}
