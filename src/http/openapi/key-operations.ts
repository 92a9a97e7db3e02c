import { z } from 'zod'
import type { ZodOpenApiOperationObject } from 'zod-openapi'
import { errorReplies } from './error-replies.ts'
import { KEY, KEY_LIST, MADE_KEY, NEW_KEY, NEW_SERVICE_KEY, REVOKED_KEY } from './key-examples.ts'
import { Key, KeyChangeRequest, KeyList, KeyRequest, KeyRotationRequest, KeyWithSecret } from './key-schemas.ts'
import { json, PROVEN, plainReply, STORE_ERRORS } from './operation-parts.ts'
import { pageParameters } from './page-parameters.ts'
import { pathParameter } from './path-parameter.ts'

export const keyId = pathParameter('id', 'Id of an API key of yours.', KEY.id)

const CHANGE_ERRORS = { ...STORE_ERRORS, ...errorReplies(409, 413, 415) }

export const createKey: ZodOpenApiOperationObject = {
  operationId: 'createKey',
  tags: ['keys'],
  security: PROVEN,
  summary: 'Make an API key',
  description:
    'By a signed-in wallet, or a key with the scope `manage`: it may also make keys that may do more than itself. ' +
    'The secret is told this once.',
  requestBody: { required: true, content: json(KeyRequest, { own: NEW_KEY, service: NEW_SERVICE_KEY }) },
  responses: { 200: plainReply('The key, with its secret.', json(KeyWithSecret, { key: MADE_KEY })), ...CHANGE_ERRORS },
}

export const listKeys: ZodOpenApiOperationObject = {
  operationId: 'listKeys',
  tags: ['keys'],
  security: PROVEN,
  summary: 'Your API keys',
  description: 'The latest first, also those that count no more.',
  requestParams: pageParameters('key', {
    org: z.string().optional().meta({
      description: 'Id or slug: the keys bound to that org. Its owners and admins see those of all members.',
    }),
  }),
  responses: { 200: plainReply('A page of them.', json(KeyList, { keys: KEY_LIST })), ...STORE_ERRORS },
}

export const retrieveKey: ZodOpenApiOperationObject = {
  operationId: 'retrieveKey',
  tags: ['keys'],
  security: PROVEN,
  summary: 'An API key, without its secret',
  responses: { 200: plainReply('The key.', json(Key, { key: KEY })), ...STORE_ERRORS },
}

export const updateKey: ZodOpenApiOperationObject = {
  operationId: 'updateKey',
  tags: ['keys'],
  security: PROVEN,
  summary: 'Change what a key may do',
  description: 'Its name, its scopes and its expiry. It counts everywhere within seconds.',
  requestBody: {
    required: true,
    content: json(KeyChangeRequest, { budget: { scopes: { credits_per_day: '2', ips: null } } }),
  },
  responses: { 200: plainReply('The key.', json(Key, { key: KEY })), ...CHANGE_ERRORS },
}

export const rotateKey: ZodOpenApiOperationObject = {
  operationId: 'rotateKey',
  tags: ['keys'],
  security: PROVEN,
  summary: 'Put a new key in the place of one',
  description: 'With the same name, scopes and expiry, and a secret that is told this once.',
  requestBody: { content: json(KeyRotationRequest, { overlap: { grace_seconds: 3_600 } }) },
  responses: {
    200: plainReply('The new key, with its secret.', json(KeyWithSecret, { key: MADE_KEY })),
    ...CHANGE_ERRORS,
  },
}

export const revokeKey: ZodOpenApiOperationObject = {
  operationId: 'revokeKey',
  tags: ['keys'],
  security: PROVEN,
  summary: 'Revoke an API key',
  description:
    'For good, and everywhere within 5 seconds; it stays to be seen. Owners and admins of an org may revoke all keys bound to it.',
  responses: { 200: plainReply('The key as it ended.', json(Key, { revoked: REVOKED_KEY })), ...STORE_ERRORS },
}
