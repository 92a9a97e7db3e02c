import { z } from 'zod'
import { BadRequestError } from '../../errors.ts'
import type { ClientTool } from '../../messages.ts'
import { createToolCheck, type ToolCheckContext, toObjectSchema } from '../check-tool.ts'
import { parseRequest, toShown, unsupported } from '../parse-request.ts'
import { refuseOtherForm } from '../refuse-other-form.ts'
import { ToolName } from '../tool-name.ts'

/**
 * The caller's tools.
 * @throws {@link BadRequestError} on the first that is wrong.
 */
export function toClientTools(raw: readonly unknown[], context: ToolCheckContext): ClientTool[] {
  const check = createToolCheck(context)
  return raw.map((value, index) => {
    const path = ['tools', index, 'function']
    parseRequest(ToolKind, value, ['tools', index])
    refuseOtherForm(value, FLAT_TOOL, ['tools', index])
    const { name, description, parameters, strict } = parseRequest(FunctionTool, value, ['tools', index]).function
    const tool: ClientTool = {
      name,
      description: description ?? '',
      parameters: toObjectSchema(parameters ?? {}),
      strict: strict ?? false,
    }
    check(tool, { namePath: [...path, 'name'], schemaPath: [...path, 'parameters'] })
    return tool
  })
}

const FLAT_TOOL = {
  lacks: 'function',
  has: 'name',
  hint: 'Here a tool holds \'function\': {"name": …}; the flat form is that of POST /v1/responses.',
}

const ToolKind = z.object({
  type: z.string().refine(
    (type) => type === 'function',
    unsupported(
      'unsupported_value',
      ({ input }) => `Unsupported value: tools of type '${toShown(input)}'. Only 'function' is supported.`,
    ),
  ),
})

export const FunctionTool = z.object({
  type: z.literal('function'),
  function: z.object({
    name: ToolName,
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
    strict: z.boolean().nullish(),
  }),
})
