/** What came back for a request that a client made. */
export type Exchange = {
  status: number
  /** The body as far as it has been read. */
  text: string
}

export type WireRecord = {
  fetch: typeof fetch
  readonly exchanges: readonly Exchange[]
  clear(): void
}

/** A `fetch` for clients, which keeps what came back. A body is read no sooner than the client reads it. */
export function createWireRecord(): WireRecord {
  let exchanges: Exchange[] = []
  return {
    async fetch(input, init) {
      const response = await fetch(input, init)
      const exchange: Exchange = { status: response.status, text: '' }
      exchanges.push(exchange)
      const decoder = new TextDecoder()
      const body = response.body?.pipeThrough(
        new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
          transform(bytes, controller) {
            exchange.text += decoder.decode(bytes, { stream: true })
            controller.enqueue(bytes)
          },
        }),
      )
      return new Response(body ?? null, response)
    },
    get exchanges() {
      return exchanges
    },
    clear() {
      exchanges = []
    },
  }
}

/** The `data:` of each event of a stream that ended as streams should: nothing else but comments and event names. */
export function readEvents(text: string): string[] {
  const events = text.split('\n\n')
  if (events.pop() !== '') throw new Error(`the stream ends within an event: ${text.slice(-200)}`)
  return events.flatMap((event) => {
    const lines = event.split('\n').filter((line) => !line.startsWith(':'))
    const data = lines.filter((line) => line.startsWith('data: '))
    const isWhole = data.length === 1 && lines.every((line) => /^(data|event): ./.test(line))
    if (!isWhole) throw new Error(`no proper event: ${event}`)
    return data.map((line) => line.slice('data: '.length))
  })
}
