import type { ClientTool, JsonFormat, Message, ToolChoice, ToolDefinition } from '../messages.ts'
import type { ModelParams, ModelRequest } from '../models/model.ts'

/** What a run is asked for, and stays the same in all its steps. */
export type StepSettings = {
  serverTools: readonly ToolDefinition[]
  clientTools: readonly ClientTool[]
  toolChoice: ToolChoice
  format: JsonFormat | undefined
  params: ModelParams
  prompts: AgentPrompts
  /** Whether text may leave while the model writes it. */
  readsAlong: boolean
  holdBackTokens: number
}

/** What the gateway itself says to a model. */
export type AgentPrompts = {
  /** Before a last step that has no tools. */
  lastStep: string
  /** Where the caller wants a call of its own tools and none came. */
  callTool: string
  /** Where the caller wants JSON and the tools have had their say. */
  jsonAnswer: string
  /** After an answer that was not the JSON that was wanted; `{fault}` says why. */
  jsonRepair: string
}

export type StepKind =
  /** The model may call tools, or answer. */
  | 'open'
  /** A limit is reached: the answer, with what there is. */
  | 'last'
  /** The caller's tools alone, one of which must be called. */
  | 'call'
  /** The answer as JSON. */
  | 'json'

/** One model call as the loop will make it. */
export type StepPlan = Pick<ModelRequest, 'messages' | 'tools' | 'toolChoice' | 'format' | 'params'> & {
  /** What ends the visible text, where the backend is not told. */
  visible: { stop?: ModelParams['stop'] | undefined; maxTokens?: number | undefined }
  /** First tokens of the text that wait; `Infinity` holds all of it. */
  holdBackTokens: number
}

export type StepPlanner = {
  /** Whether the answer must be a call of the caller's tools. */
  readonly mustCall: boolean
  /** Whether the answer is text as it comes. */
  readonly isPlain: boolean
  readonly firstKind: StepKind
  /** Where a limit ends the open steps. */
  readonly lastKind: StepKind
  /** The caller's tools that are offered. */
  readonly clientTools: readonly ClientTool[]
  /** Whether the model has anything to call. */
  readonly hasTools: boolean
  /** @param aside - what was said about the form of the answer; no part of the conversation. */
  plan(kind: StepKind, messages: readonly Message[], aside?: readonly Message[]): StepPlan
}

/** Plans the steps of one run. The lists of tools are made once, as backends reuse a prompt's unchanged front. */
export function createStepPlanner(settings: StepSettings): StepPlanner {
  const { serverTools, toolChoice, format, params, prompts, readsAlong, holdBackTokens } = settings
  const isNamed = typeof toolChoice === 'object'
  const mustCall = isNamed || toolChoice === 'required'
  const clientTools = settings.clientTools.filter(
    ({ name }) => toolChoice !== 'none' && (!isNamed || name === toolChoice.name),
  )
  const tools = clientTools.length === 0 ? serverTools : [...serverTools, ...clientTools]
  const lastKind = mustCall ? 'call' : format === undefined ? 'last' : 'json'
  const { stop, maxTokens, ...unlimited } = params
  const limited = { stop, maxTokens }
  const roomy = maxTokens === undefined ? unlimited : { ...unlimited, maxTokens: Math.max(maxTokens, CALL_TOKENS) }

  const textStep = {
    tools: [],
    params,
    visible: { stop },
    holdBackTokens: readsAlong ? 0 : Number.POSITIVE_INFINITY,
  }

  const planOpen = (messages: readonly Message[]): StepPlan => {
    if (tools.length === 0) return { ...textStep, messages }
    const isDraft = mustCall || format !== undefined
    return {
      messages,
      tools,
      toolChoice: mustCall ? 'required' : 'auto',
      params: roomy,
      visible: isDraft ? {} : limited,
      holdBackTokens: toHoldBack(isDraft),
    }
  }
  const toHoldBack = (isDraft: boolean) => {
    if (isDraft || !readsAlong) return Number.POSITIVE_INFINITY
    return serverTools.length === 0 ? 0 : holdBackTokens // without tools of ours, text before a call is the caller's
  }

  return {
    mustCall,
    isPlain: !mustCall && format === undefined,
    firstKind: lastKind !== 'last' && (mustCall ? serverTools : tools).length === 0 ? lastKind : 'open',
    lastKind,
    clientTools,
    hasTools: tools.length > 0,
    plan(kind, messages, aside = []) {
      switch (kind) {
        case 'open':
          return planOpen(messages)
        case 'last':
          return { ...textStep, messages: [...messages, ask(prompts.lastStep)] }
        case 'call':
          return {
            messages: [...messages, ask(prompts.callTool)],
            tools: clientTools,
            toolChoice: isNamed ? toolChoice : 'required',
            params: roomy,
            visible: {},
            holdBackTokens: Number.POSITIVE_INFINITY,
          }
        case 'json':
          return {
            messages: [...messages, ...aside],
            tools: [],
            format,
            params: maxTokens === undefined ? unlimited : { ...unlimited, maxTokens },
            visible: {},
            holdBackTokens: Number.POSITIVE_INFINITY,
          }
        default:
          throw kind satisfies never
      }
    },
  }
}

/** A small `max_tokens` is meant for the answer and must not cut a call; a step may still not go on for ever. */
const CALL_TOKENS = 2_048

const ask = (text: string): Message => ({ role: 'user', text })
