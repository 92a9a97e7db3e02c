import { z } from 'zod'
import { BadRequestError } from '../../errors.ts'
import { mayNotify } from '../../runs/webhooks/may-notify.ts'

/** Who is told when a run has ended. */
export type Webhook = { url: string; secret: string }

/** `groundwire.webhook` of a request's body. */
export const WebhookField = z
  .object({
    url: z
      .string()
      .max(2_048)
      .meta({ description: '`https`, on port 443 or any from 1024 up.', example: 'https://example.com/hooks' }),
    secret: z
      .string()
      .refine(isSecret, {
        error: `Invalid 'groundwire.webhook.secret': expected 'whsec_' and the base64 of 24 to 64 bytes.`,
      })
      .meta({
        description: '`whsec_` and the base64 of 24 to 64 bytes, to sign with.',
        example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      }),
  })
  .meta({ id: 'Webhook' })

/**
 * @param egressAllow - hosts that webhooks may reach though they are not public.
 * @throws {@link BadRequestError} where the run is waited for, or nothing may be sent to that URL.
 */
export function parseWebhook(
  webhook: z.output<typeof WebhookField> | null | undefined,
  { background, egressAllow }: { background: boolean; egressAllow: readonly string[] },
): Webhook | undefined {
  if (webhook == null) return undefined
  if (!background) {
    throw wrong(
      'groundwire.webhook',
      "'groundwire.webhook' is for runs in the background: send 'background': true too.",
    )
  }
  const url = URL.parse(webhook.url)
  if (url === null) throw wrong(URL_PARAM, `Invalid '${URL_PARAM}': expected a URL.`)
  if (url.username !== '' || url.password !== '') {
    throw wrong(URL_PARAM, `Invalid '${URL_PARAM}': it must not hold credentials. The signature proves who sends.`)
  }
  if (!mayNotify(url, egressAllow)) {
    throw wrong(
      URL_PARAM,
      `Invalid '${URL_PARAM}': expected an https:// URL of a public host, on port 443 or any from 1024 up.`,
    )
  }
  url.hash = ''
  return { url: url.href, secret: webhook.secret }
}

const URL_PARAM = 'groundwire.webhook.url'

const wrong = (param: string, message: string) => new BadRequestError(message, { param, code: 'invalid_value' })

function isSecret(text: string): boolean {
  const base64 = /^whsec_([A-Za-z0-9+/]{32,86}={0,2})$/.exec(text)?.[1]
  if (base64 === undefined) return false
  const key = Buffer.from(base64, 'base64')
  return key.length >= 24 && key.length <= 64 && key.toString('base64') === base64
}
