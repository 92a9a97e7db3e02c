import { createHmac } from 'node:crypto'

/**
 * The headers by which a receiver knows who sends, after https://www.standardwebhooks.com.
 * @param secret - `whsec_` and base64.
 */
export function signWebhook({
  id,
  body,
  secret,
  timestampSec,
}: {
  id: string
  body: string
  secret: string
  timestampSec: number
}): Record<string, string> {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${timestampSec}.${body}`).digest('base64')
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampSec),
    'webhook-signature': `v1,${signature}`,
  }
}
