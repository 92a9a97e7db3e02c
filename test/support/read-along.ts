/** The text of a stream, as it comes. */
export type ReadsAlong = {
  /** Reads on until that is there. @returns all that was read so far. @throws where the stream ends before. */
  until(awaited: string | RegExp): Promise<string>
  /** @returns all that there was, once the stream has ended. */
  end(): Promise<string>
}

export function readAlong({ body }: Response): ReadsAlong {
  if (body === null) throw new Error('there is nothing to read')
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''

  async function read(): Promise<boolean> {
    const { value = '', done } = await reader.read()
    text += value
    return !done
  }

  return {
    async until(awaited) {
      while (!(typeof awaited === 'string' ? text.includes(awaited) : awaited.test(text))) {
        if (!(await read())) throw new Error(`the stream ended without ${awaited}: ${text}`)
      }
      return text
    },
    async end() {
      while (await read());
      return text
    },
  }
}
