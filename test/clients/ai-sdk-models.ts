import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import type { LanguageModel } from 'ai'
import type { Stage } from './stage.ts'

type ToModel = (stage: Stage) => LanguageModel

const toSettings = ({ baseURL, wire }: Stage) => ({ baseURL, apiKey: 'any', fetch: wire.fetch })
const compatible = { name: 'groundwire', includeUsage: true }

/** The operator as each provider of the AI SDK makes it. */
export const MODELS = {
  'createOpenAICompatible()': (stage) => createOpenAICompatible({ ...compatible, ...toSettings(stage) })('operator'),
  'createOpenAI()': (stage) => createOpenAI(toSettings(stage))('operator'),
  'createOpenAI().chat()': (stage) => createOpenAI(toSettings(stage)).chat('operator'),
} satisfies Record<string, ToModel>

/** Those again, and the one that asks for objects in another way. */
export const OBJECT_MODELS: Record<string, ToModel> = {
  ...MODELS,
  'createOpenAICompatible() with structured outputs': (stage) =>
    createOpenAICompatible({ ...compatible, supportsStructuredOutputs: true, ...toSettings(stage) })('operator'),
}
