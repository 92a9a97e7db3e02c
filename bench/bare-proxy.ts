import { Agent, createServer, request } from 'node:http'
import { serveReports } from './child.ts'
import { listenOnLoopback } from './listen-on-loopback.ts'

/** The least a gateway can do: hands each body on to `UPSTREAM` and each answer back, unread. Counts and times them. */
const upstream = new URL(process.env.UPSTREAM ?? '')
const agent = new Agent({ keepAlive: true })
let requests = 0
let busyMs = 0
const server = createServer((incoming, outgoing) => {
  const startedAt = performance.now()
  requests++
  const forward = request(
    {
      agent,
      host: upstream.hostname,
      port: upstream.port,
      path: incoming.url,
      method: incoming.method,
      headers: incoming.headers,
    },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
      answer.on('end', () => {
        busyMs += performance.now() - startedAt
      })
    },
  )
  forward.on('error', () => outgoing.destroy())
  incoming.pipe(forward)
})
serveReports(await listenOnLoopback(server), () => ({ requests, busyMs }))
