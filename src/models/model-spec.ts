/** What serves a model, as the environment and `models.json` name it. */
export type ModelSpec =
  | { type: 'rehearsal' }
  | { type: 'ollama'; modelName: string }
  | { type: 'openai'; modelName: string }
  | { type: 'runpod'; modelName: string }
  | { type: 'provider'; provider: string; modelName: string; packageName: string }

/**
 * `ollama:qwen3:8b`, `openai:gpt-4o-mini`, `runpod:Qwen/Qwen3-32B`, `anthropic:claude-…`, `rehearsal`; what names no provider
 * is Ollama's, as its tags hold colons too: `qwen3:8b`.
 */
export function parseModelSpec(text: string): ModelSpec {
  const spec = text.trim()
  if (spec === 'rehearsal') return { type: 'rehearsal' }
  const [, prefix = '', rest = ''] = /^([^:]*):(.+)$/.exec(spec) ?? []
  const provider = prefix.toLowerCase()
  if (rest === '') return { type: 'ollama', modelName: spec }
  if (provider === 'ollama' || provider === 'openai' || provider === 'runpod')
    return { type: provider, modelName: rest }
  const packageName = PROVIDER_PACKAGES.get(provider)
  if (packageName !== undefined) return { type: 'provider', provider, modelName: rest, packageName }
  return { type: 'ollama', modelName: spec }
}

/** Those of LangChain's `initChatModel` that need a package of their own. Its `mistral` is left out: so is a family of Ollama's called. */
const PROVIDER_PACKAGES: ReadonlyMap<string, string> = new Map([
  ['anthropic', '@langchain/anthropic'],
  ['aws', '@langchain/aws'],
  ['azure_openai', '@langchain/openai'],
  ['bedrock', '@langchain/aws'],
  ['cerebras', '@langchain/cerebras'],
  ['cohere', '@langchain/cohere'],
  ['deepseek', '@langchain/deepseek'],
  ['fireworks', '@langchain/fireworks'],
  ['google', '@langchain/google'],
  ['google-genai', '@langchain/google-genai'],
  ['google-vertexai', '@langchain/google-vertexai'],
  ['google-vertexai-web', '@langchain/google-vertexai-web'],
  ['groq', '@langchain/groq'],
  ['mistralai', '@langchain/mistralai'],
  ['perplexity', '@langchain/perplexity'],
  ['together', '@langchain/together-ai'],
  ['xai', '@langchain/xai'],
])
