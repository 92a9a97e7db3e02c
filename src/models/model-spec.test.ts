import { expect, test } from 'vitest'
import { type ModelSpec, parseModelSpec } from './model-spec.ts'

test.each<[text: string, spec: ModelSpec]>([
  ['rehearsal', { type: 'rehearsal' }],
  ['ollama:qwen3:8b', { type: 'ollama', modelName: 'qwen3:8b' }],
  ['qwen3:8b', { type: 'ollama', modelName: 'qwen3:8b' }],
  ['llama3', { type: 'ollama', modelName: 'llama3' }],
  ['hf.co/unsloth/Qwen3-8B-GGUF:Q4_K_M', { type: 'ollama', modelName: 'hf.co/unsloth/Qwen3-8B-GGUF:Q4_K_M' }],
  ['mistral:7b', { type: 'ollama', modelName: 'mistral:7b' }],
  ['openai:gpt-4o-mini', { type: 'openai', modelName: 'gpt-4o-mini' }],
  ['openai:ft:gpt-4o:acme', { type: 'openai', modelName: 'ft:gpt-4o:acme' }],
  ['runpod:Qwen/Qwen3-32B', { type: 'runpod', modelName: 'Qwen/Qwen3-32B' }],
  [
    'anthropic:claude-sonnet',
    { type: 'provider', provider: 'anthropic', modelName: 'claude-sonnet', packageName: '@langchain/anthropic' },
  ],
])('%s is read as what it names', (text, spec) => {
  expect(parseModelSpec(text)).toEqual(spec)
})
