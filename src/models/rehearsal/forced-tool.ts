import type { ToolDefinition } from '../../messages.ts'
import type { ModelRequest } from '../model.ts'

/**
 * The tool that has to be called and can be without knowing anything: it is named, or the only one, and needs no arguments.
 * Undefined where there is none such.
 */
export function forcedTool({ tools, toolChoice = 'auto' }: ModelRequest): ToolDefinition | undefined {
  if (toolChoice === 'auto') return undefined
  const tool =
    toolChoice === 'required'
      ? tools.find((_, __, { length }) => length === 1)
      : tools.find(({ name }) => name === toolChoice.name)
  return tool !== undefined && needsNothing(tool) ? tool : undefined
}

function needsNothing({ parameters: { required } }: ToolDefinition): boolean {
  return required === undefined || (Array.isArray(required) && required.length === 0)
}
