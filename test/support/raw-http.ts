import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

export type RawReply = { status: number; head: string; body: string }

/** Sends these very bytes, as no HTTP client would, and reads until the connection ends. */
export async function sendRaw(url: string, ...pieces: readonly (string | Uint8Array)[]): Promise<RawReply> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  try {
    await once(socket, 'connect')
    for (const piece of pieces) socket.write(piece)
    return toReply(await text(socket))
  } finally {
    socket.destroy()
  }
}

function toReply(raw: string): RawReply {
  const [head = '', ...rest] = raw.split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), head: head.toLowerCase(), body: rest.join('\r\n\r\n') }
}
