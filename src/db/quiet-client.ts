import pg from 'pg'

/**
 * A connection that breaks while somebody holds it tells by their next statement. A pool hears it only while nobody does, and an
 * error that nobody hears ends the process.
 */
export class QuietClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config)
    this.on('error', () => {})
  }
}
