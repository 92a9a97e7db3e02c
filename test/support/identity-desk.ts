import type { RequestHandler, Router } from 'express'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { cacheCredentials } from '../../src/accounts/identify/cache-credentials.ts'
import { createFindCredential } from '../../src/accounts/identify/find-credential.ts'
import { createIdentify } from '../../src/accounts/identify/identify.ts'
import { createNoteUse } from '../../src/accounts/identify/note-use.ts'
import type { Identity } from '../../src/accounts/identity.ts'
import { createKey, type NewKey } from '../../src/accounts/keys/create-key.ts'
import { createKeyDesk } from '../../src/accounts/keys/create-key-desk.ts'
import type { KeyRecord } from '../../src/accounts/keys/key-record.ts'
import { createSession } from '../../src/accounts/sign-in/sessions.ts'
import { createBareApp, toListener } from '../../src/bare-app.ts'
import type { Database } from '../../src/db/database.ts'
import { createAuthenticate, identityOf } from '../../src/http/auth.ts'
import { keyRoutes } from '../../src/http/keys/key-routes.ts'
import { listen } from '../../src/http/transport/listen.ts'
import { testDatabase } from './database.ts'
import { ACTOR, newWallet } from './orgs.ts'

export type IdentityDesk = {
  url: string
  database: Database
  log: Record<string, unknown>[]
  // biome-ignore lint/suspicious/noExplicitAny: specs read whatever the wire holds
  ask(method: string, path: string, headers?: Headers, body?: unknown): Promise<{ status: number; body: any }>
  /** What the gateway takes a caller for, or the error it answers with. */
  who(headers: Headers): Promise<Identity & { status: number; error?: { code: string; message: string; type: string } }>
  makeKey(key?: Partial<NewKey>): Promise<{ secret: string; key: KeyRecord; bearer: Headers }>
  signIn(wallet: string): Promise<{ token: string; bearer: Headers }>
}
type Headers = Record<string, string>

/** Who asks, and the routes on keys, on a real socket over a real store. */
export async function startIdentityDesk({
  freeMode = false,
  orgHeader,
  trustProxy = false,
  routes = () => [],
}: {
  freeMode?: boolean
  orgHeader?: string
  trustProxy?: boolean
  /** Beside those on keys. */
  routes?: (deps: { database: Database; authenticate: RequestHandler }) => readonly Router[]
} = {}): Promise<IdentityDesk> {
  const database = await testDatabase()
  const { db } = database
  const log: Record<string, unknown>[] = []
  const find = cacheCredentials(createFindCredential(db))
  const identify = createIdentify({ freeMode, find, noteUse: createNoteUse(db) })
  const authenticate = createAuthenticate({ identify, orgHeader })
  const app = createBareApp({ log: pino({ level: 'debug' }, { write: (line) => log.push(JSON.parse(line)) }) })
  app.set('trust proxy', trustProxy)
  app.get('/who', authenticate, (_req, res) => void res.json(identityOf(res)))
  app.use(keyRoutes({ keys: createKeyDesk(database), authenticate, bodyLimitBytes: 100_000 }))
  for (const router of routes({ database, authenticate })) app.use(router)
  const { url, close } = await listen(toListener(app), { host: '127.0.0.1', port: 0 })
  onTestFinished(() => close(AbortSignal.abort()))

  const ask: IdentityDesk['ask'] = async (method, path, headers = {}, body) => {
    const response = await fetch(url + path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: await response.json() }
  }
  return {
    url,
    database,
    log,
    ask,
    async who(headers) {
      const { status, body } = await ask('GET', '/who', headers)
      return { ...body, status }
    },
    async makeKey(key = {}) {
      const made = await createKey(db, { name: 'test', account: newWallet(), ...key }, ACTOR)
      return { ...made, bearer: toBearer(made.secret) }
    },
    async signIn(wallet) {
      const { token } = await createSession(db, { wallet, chainId: 1, lifetimeMs: 600_000 }, ACTOR)
      return { token, bearer: toBearer(token) }
    },
  }
}

export const toBearer = (token: string): Headers => ({ authorization: `Bearer ${token}` })
