import { expect, test } from 'vitest'
import { dropTracing } from './drop-tracing.ts'

test('settings that would send prompts to a third party are deleted and named', () => {
  const env: Record<string, string> = { LANGSMITH_TRACING: 'true', LANGCHAIN_API_KEY: 'k', LANGUAGE: 'en' }
  expect(dropTracing(env)).toEqual(['LANGSMITH_TRACING', 'LANGCHAIN_API_KEY'])
  expect(env).toEqual({ LANGUAGE: 'en' })
})
