import { expect, test } from 'vitest'
import { cleanPath } from './clean-path.ts'

test.each([
  ['/v1/models', '/v1/models'],
  ['/', '/'],
  ['//', '/'],
  ['//v1//models/', '/v1/models'],
  ['/v1/models//?a=//b/', '/v1/models?a=//b/'],
  ['?a=b', '/?a=b'],
  ['v1/models', '/v1/models'],
  ['*', '*'],
  ['http://gateway.example', '/'],
  ['http://gateway.example?a=b', '/?a=b'],
  ['HTTPS://user@gateway.example:1//v1/models/?a', '/v1/models?a'],
  ['http://', '/'],
  ['http://[::1/v1/models', '/v1/models'],
  ['/v1/http://x', '/v1/http:/x'],
])('the request target %s means %s', (target, path) => {
  expect(cleanPath(target)).toBe(path)
})
