import type { Config } from './config.ts'
import type { ModelChoice } from './models/create-models.ts'
import { ModelSetupError } from './models/model-setup-error.ts'
import { type LookUp, loadModelsFile } from './models/models-file.ts'
import { loadPrompts, type Prompts } from './runs/prompts.ts'
import { loadTools } from './tools/load-tools.ts'
import { createToolSet, type ToolSet } from './tools/tool-set.ts'

/** What an operator gives a gateway in files. */
export type Setup = {
  tools: ToolSet
  prompts: Prompts
  choice: ModelChoice
  /** Micro-credits a call, by name. */
  toolPrices: Readonly<Record<string, bigint>>
}

/** @throws an Error for the operator where a file is missing or wrong. */
export async function loadSetup(
  config: Pick<Config, 'toolsDir' | 'promptsDir' | 'modelsFile' | 'operatorModel' | 'conductorModel'>,
  lookUp: LookUp,
): Promise<Setup> {
  const { toolsDir, promptsDir, modelsFile, operatorModel, conductorModel } = config
  const tools = createToolSet(await loadTools(toolsDir))
  const prompts = await loadPrompts(promptsDir)
  const models = modelsFile ? await loadModelsFile(modelsFile, lookUp) : undefined
  const toolPrices = models?.toolPrices ?? {}
  throwIfNoTool(Object.keys(toolPrices), tools)
  return { tools, prompts, choice: { operatorModel, conductorModel, models }, toolPrices }
}

/** A price that is charged for nothing would never be missed. */
function throwIfNoTool(priced: readonly string[], { definitions }: ToolSet): void {
  const names = definitions.map(({ name }) => name)
  const unknown = priced.filter((name) => !names.includes(name))
  if (unknown.length === 0) return
  throw new ModelSetupError(
    `MODELS_FILE: toolPrices names ${unknown.join(', ')}, and the tools are ${names.join(', ')}`,
  )
}
