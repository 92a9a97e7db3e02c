import { type HttpGateway, WALLET } from './http-gateway.ts'

export type EventOnWire = Record<string, unknown> & { type: string; sequence_number: number }

/** What a spec reads of a reply; which of it is there depends on the status. */
export type ResponsesReply = {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: specs read whatever the wire holds
  body: any
}

/** A caller of the Responses API. */
export function responsesOf({ url }: Pick<HttpGateway, 'url'>, headers: Record<string, string> = {}) {
  const send = (method: string, path = '', body?: unknown, signal?: AbortSignal) =>
    fetch(`${url}/v1/responses${path}`, {
      method,
      headers: { 'x-wallet-address': WALLET, 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    })
  const ask = async (method: string, path = '', body?: unknown): Promise<ResponsesReply> => {
    const response = await send(method, path, body)
    return { status: response.status, headers: response.headers, body: await response.json() }
  }
  return {
    send,
    create: (body: object) => ask('POST', '', body),
    get: (path: string) => ask('GET', `/${path}`),
    cancel: (id: string) => ask('POST', `/${id}/cancel`),
    delete: (id: string) => ask('DELETE', `/${id}`),
    /** The events of a stream that ends. */
    stream: async (body: object) => readEvents(await (await send('POST', '', { stream: true, ...body })).text()),
    follow: async (id: string, query: string) =>
      readEvents(await (await send('GET', `/${id}?stream=true${query}`)).text()),
  }
}

/** Strict: every frame is an `event:` line and a `data:` line that agree, and comments stand by themselves. */
export function readEvents(text: string): EventOnWire[] {
  const frames = text.replace(/^:.*\n/gm, '').split('\n\n')
  if (frames.pop() !== '') throw new Error('the stream ends within a frame')
  return frames.map((frame) => {
    const [, name, data] = /^event: (\S+)\ndata: (.+)$/.exec(frame) ?? []
    const event = JSON.parse(data ?? '') as EventOnWire
    if (event.type !== name) throw new Error(`event ${name} holds ${event.type}`)
    return event
  })
}

/** Of the response that the events tell. */
export function responseIdOf([first]: readonly EventOnWire[]): string {
  return String((first?.response as { id?: string } | undefined)?.id)
}
