import { expect, test } from 'vitest'
import { createMayReach } from './may-reach.ts'

const mayReach = (url: string, ...allow: readonly string[]) => createMayReach({ allow })(new URL(url))

test.each([
  'https://hooks.test/in?key=1',
  'https://hooks.test:8443/',
  'https://hooks.test:1024/',
  'https://hooks.test./',
  'https://1.1.1.1/',
  'https://[2606:4700::1111]/',
  'https://notlocalhost/',
])('a public place may be reached: %s', (url) => {
  expect(mayReach(url)).toBe(true)
})

test.each([
  'http://hooks.test/',
  'ftp://hooks.test/',
  'file:///etc/passwd',
  'data:text/plain,hello',
  'https://me@hooks.test/',
  'https://:secret@hooks.test/',
  'https://hooks.test:22/',
  'https://hooks.test:1023/',
  'https://127.0.0.1/',
  'https://0x7f.1/',
  'https://[::1]/',
  'https://localhost./',
  'https://a.localhost/',
])('what is no https to a public place may not: %s', (url) => {
  expect(mayReach(url)).toBe(false)
})

test('a host that the operator allows may be private and plain, on the port that is named or on any', () => {
  const allow = ['LocalHost:8080', '[::1]', 'hooks.internal']
  for (const url of [
    'http://localhost:8080/',
    'https://localhost.:8080/',
    'http://[::1]:9/',
    'http://hooks.internal/',
    'https://hooks.internal:22/',
  ]) {
    expect(mayReach(url, ...allow), url).toBe(true)
  }
  for (const url of [
    'http://localhost/',
    'http://localhost:8081/',
    'http://[::2]/',
    'http://a.hooks.internal/',
    'http://me:pw@localhost:8080/',
    'ftp://localhost:8080/',
  ]) {
    expect(mayReach(url, ...allow), url).toBe(false)
  }
  expect(mayReach('http://hooks.test/', 'hooks.test:80')).toBe(true)
  expect(mayReach('https://127.0.0.1/', '127.0.0.1:443')).toBe(true)
})
