import type { ZodOpenApiOperationObject } from 'zod-openapi'
import { errorReplies } from './error-replies.ts'
import { json, PLAIN_ERRORS, PROVEN, plainReply } from './operation-parts.ts'
import {
  ENDED_WALLET_SESSION,
  NEW_WALLET_SESSION,
  SIGN_IN_MESSAGE,
  SIGN_IN_NONCE,
  WALLET_SESSION,
} from './sign-in-examples.ts'
import {
  EndedWalletSession,
  NewWalletSession,
  SignInMessage,
  SignInMessageRequest,
  SignInNonce,
  SignInRequest,
  WalletSession,
} from './sign-in-schemas.ts'

const NONCE_ERRORS = { ...PLAIN_ERRORS, ...errorReplies(429, 503) }
const BODY_ERRORS = { ...NONCE_ERRORS, ...errorReplies(413, 415) }
const SESSION_ERRORS = { ...NONCE_ERRORS, ...errorReplies(401, 403) }

const nonceOperation = {
  tags: ['sign-in'],
  summary: 'A nonce, and what a message must say',
  description: 'For wallets and apps that write the EIP-4361 message themselves. The nonce lasts five minutes.',
  security: [],
  responses: { 200: plainReply('The nonce.', json(SignInNonce, { nonce: SIGN_IN_NONCE })), ...NONCE_ERRORS },
}

export const createSignInNonce: ZodOpenApiOperationObject = { operationId: 'createSignInNonce', ...nonceOperation }
export const fetchSignInNonce: ZodOpenApiOperationObject = { operationId: 'fetchSignInNonce', ...nonceOperation }

export const writeSignInMessage: ZodOpenApiOperationObject = {
  operationId: 'writeSignInMessage',
  tags: ['sign-in'],
  summary: 'A message that only has to be signed',
  description:
    'In the form of EIP-4361, with a nonce in it. Sign it by `personal_sign`, as it is, within five minutes.',
  security: [],
  requestBody: { required: true, content: json(SignInMessageRequest) },
  responses: { 200: plainReply('The message.', json(SignInMessage, { message: SIGN_IN_MESSAGE })), ...BODY_ERRORS },
}

export const signIn: ZodOpenApiOperationObject = {
  operationId: 'signIn',
  tags: ['sign-in'],
  summary: 'Sign a wallet in',
  description:
    'Takes the message and its signature, once. Wallets that are contracts sign by ERC-1271, or ERC-6492 where they are not deployed yet, and are asked on the chain that the message names.',
  security: [],
  requestBody: { required: true, content: json(SignInRequest) },
  responses: {
    200: plainReply('The session.', json(NewWalletSession, { session: NEW_WALLET_SESSION })),
    ...BODY_ERRORS,
    ...errorReplies(401),
  },
}

export const showSession: ZodOpenApiOperationObject = {
  operationId: 'showSession',
  tags: ['sign-in'],
  summary: 'Who is signed in',
  security: PROVEN,
  responses: {
    200: plainReply('The session whose token was sent.', json(WalletSession, { session: WALLET_SESSION })),
    ...SESSION_ERRORS,
  },
}

export const signOut: ZodOpenApiOperationObject = {
  operationId: 'signOut',
  tags: ['sign-in'],
  summary: 'Sign out',
  description: 'The token counts nowhere any more, within five seconds.',
  security: PROVEN,
  responses: {
    200: plainReply('It has ended.', json(EndedWalletSession, { ended: ENDED_WALLET_SESSION })),
    ...SESSION_ERRORS,
  },
}
