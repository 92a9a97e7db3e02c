import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { BadRequestError, GatewayError } from '../../errors.ts'

/**
 * The whole body, unpacked. What is too large is refused as soon as it is known to be, and not at the end of the upload;
 * a small body that unpacks to a large one is never unpacked beyond the limit.
 * @throws {@link GatewayError} 413 `request_too_large`, 415 for a content encoding that is not known, 400 for a broken one.
 */
export async function readBody(req: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const unpack = createUnpacker(req.headers['content-encoding'])
  if (Number(req.headers['content-length'] ?? 0) > limitBytes) throw tooLarge(limitBytes)
  if (unpack === undefined) return collect(req, req, limitBytes)
  try {
    return await collect(req.pipe(unpack), req, limitBytes)
  } finally {
    req.unpipe(unpack).resume()
    unpack.destroy()
  }
}

function createUnpacker(encoding = 'identity'): (Readable & NodeJS.ReadWriteStream) | undefined {
  switch (encoding.trim().toLowerCase()) {
    case 'identity':
    case '':
      return undefined
    case 'gzip':
    case 'x-gzip':
      return createGunzip()
    case 'deflate':
      return createInflate()
    case 'br':
      return createBrotliDecompress()
    default: // also a list of encodings: nobody packs twice, but for harm
      throw new GatewayError(
        'The content encoding of the request body is not supported. Send it plain, or as one of gzip, deflate and br.',
        { status: 415, code: null },
      )
  }
}

function collect(source: Readable, req: IncomingMessage, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const settle = (outcome: () => void) => {
      source.off('data', onData).off('end', onEnd)
      req.off('close', onClose)
      outcome()
    }
    const onData = (chunk: Buffer) => {
      size += chunk.length
      if (size > limitBytes) settle(() => reject(tooLarge(limitBytes)))
      else chunks.push(chunk)
    }
    const onEnd = () =>
      settle(() => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size)))
    const onClose = () =>
      req.complete || settle(() => reject(new BadRequestError('The request ended before its body.')))
    source.on('data', onData).once('end', onEnd)
    source.on('error', (cause) => settle(() => reject(unreadable(cause)))) // for good: nothing may be left unheard
    req.once('close', onClose)
  })
}

const unreadable = (cause: unknown) =>
  new BadRequestError('We could not unpack the body of your request. Check its content encoding.', { cause })

const tooLarge = (limitBytes: number) =>
  new GatewayError(`The request body is larger than the limit of ${limitBytes} bytes.`, {
    status: 413,
    code: 'request_too_large',
  })
