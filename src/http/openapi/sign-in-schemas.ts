import { z } from 'zod'
import { SignedMessage } from '../sign-in/verify-message.ts'
import { MessageOrder } from '../sign-in/write-message.ts'
import { count, unixSeconds } from './numbers.ts'

const nonce = z.string().meta({ description: 'For one message, once.' })
const wallet = z
  .string()
  .regex(/^0x[0-9a-f]{40}$/)
  .meta({ description: 'In lower case.' })

export const SignInNonce = z
  .object({
    nonce,
    expires_at: unixSeconds,
    domain: z.string().meta({ description: 'The first word of the message.' }),
    uri: z.string().meta({ description: 'The `URI` of the message, or what it begins with before a slash.' }),
    chain_ids: z.array(count).meta({ description: 'One of them is its `Chain ID`.' }),
    statement: z.string().meta({ description: 'A proposal: any other will do, or none.' }),
  })
  .meta({ id: 'SignInNonce' })

export const SignInMessageRequest = MessageOrder.meta({ id: 'SignInMessageRequest' })

export const SignInMessage = z
  .object({ message: z.string().meta({ description: 'In the form of EIP-4361.' }), nonce, expires_at: unixSeconds })
  .meta({ id: 'SignInMessage' })

export const SignInRequest = SignedMessage.meta({ id: 'SignInRequest' })

const session = z.object({
  object: z.literal('session'),
  wallet,
  chain_id: count.meta({ description: 'That the message named.' }),
  created_at: unixSeconds,
  expires_at: unixSeconds,
})

export const WalletSession = session.meta({ id: 'WalletSession' })

export const NewWalletSession = session
  .extend({
    token: z
      .string()
      .regex(/^gws_[\w-]{43}$/)
      .meta({ description: 'Shown this once. It stands where an API key does.' }),
    token_type: z.literal('Bearer'),
  })
  .meta({ id: 'NewWalletSession' })

export const EndedWalletSession = z
  .object({ object: z.literal('session'), wallet, deleted: z.literal(true) })
  .meta({ id: 'EndedWalletSession' })
