/** A piece of a tool call as a backend streams it, or a whole one. */
export type ToolCallFragment = {
  index?: number | undefined
  id?: string | undefined
  name?: string | undefined
  args?: string | undefined
}

export type AssembledCall = { id: string | undefined; name: string; argumentsText: string }

export type ToolCallFragments = {
  add(fragment: ToolCallFragment): void
  /** The calls in the order in which they began. */
  end(): AssembledCall[]
}

/**
 * Joins fragments to whole calls. OpenAI numbers its calls and sends id and name with the first fragment only; Ollama sends
 * whole calls that are all number 0. So a fragment continues the latest call of its number unless it brings another id,
 * or a name where that call is already complete.
 */
export function createToolCallFragments(): ToolCallFragments {
  const calls: OpenCall[] = []

  return {
    add({ index, id, name, args = '' }) {
      const given = id || undefined
      const open = calls.findLast((call) => index === undefined || call.index === index)
      if (open === undefined || startsAnother(open, { id: given, name })) {
        calls.push({ index, id: given, name: name ?? '', args })
        return
      }
      open.id ??= given
      // Some backends repeat the name with every fragment, none splits it.
      open.name ||= name ?? ''
      open.args += args
    },
    end: () =>
      calls
        .filter(({ name }) => name !== '')
        .map(({ id, name, args }) => ({ id, name, argumentsText: toArgumentsText(args) })),
  }
}

type OpenCall = { index: number | undefined; id: string | undefined; name: string; args: string }

function startsAnother(open: OpenCall, { id, name }: { id: string | undefined; name: string | undefined }): boolean {
  if (id !== undefined && open.id !== undefined) return id !== open.id
  return Boolean(name) && open.name !== '' && open.args !== '' && parse(open.args) !== undefined
}

/** Nothing at all means no arguments, and a string that holds an object was encoded twice; the rest is the model's own. */
function toArgumentsText(args: string): string {
  if (args.trim() === '' || args.trim() === 'null') return '{}'
  const parsed = parse(args)
  if (typeof parsed !== 'string') return args
  if (parsed.trim() === '') return '{}'
  return isObject(parse(parsed)) ? parsed : args
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
