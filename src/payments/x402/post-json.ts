/**
 * Posts to a server of the operator's choice, which may be a private one. No redirect is followed: a payment goes to nobody
 * who was not chosen.
 * @returns undefined where nothing that is JSON came back in time.
 */
export async function postJson(
  url: string,
  body: unknown,
  { timeoutMs }: { timeoutMs: number },
): Promise<{ status: number; body: unknown } | undefined> {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const headers = { 'content-type': 'application/json', accept: 'application/json' }
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'error',
      headers,
      body: JSON.stringify(body),
      signal,
    })
    return { status: response.status, body: JSON.parse(await readText(response)) }
  } catch {
    return undefined
  }
}

/** Far above what any answer takes. */
const MAX_BYTES = 65_536

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > MAX_BYTES) throw new Error('the answer is too large') // leaving the loop ends the connection
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
