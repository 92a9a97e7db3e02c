import { expect, test } from 'vitest'
import { idleModel } from '../../test/support/http-gateway.ts'
import { mayUseModel } from './may-use-model.ts'

const listing = (id: string, provider?: string) => ({ id, model: idleModel(id), ...(provider && { provider }) })

test.each([
  [undefined, 'operator', undefined, true],
  [[], 'operator', undefined, false],
  [['operator'], 'operator', undefined, true],
  [['operator'], 'Operator', undefined, false],
  [['operator'], 'operator:large', undefined, false],
  [['acme:small'], 'acme:small', 'acme', true],
  [['acme:*'], 'acme:small', 'acme', true],
  [['acme:*'], 'acme:small', undefined, true],
  [['acme:*'], 'acme', undefined, false],
  [['acme:*'], 'acmeu:small', 'acmeu', false],
  [['acme:*'], 'acme:eu:small', 'acme:eu', false],
  [['acme:eu:*'], 'acme:eu:small', 'acme:eu', true],
  [['*'], 'operator', undefined, false],
  [[':*'], 'acme:small', 'acme', false],
])('a key for %j and the model %s of %s: %s', (models, id, provider, isAllowed) => {
  expect(mayUseModel({ models }, id, listing(id, provider))).toBe(isAllowed)
})
