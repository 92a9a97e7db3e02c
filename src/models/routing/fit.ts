import { BadRequestError } from '../../errors.ts'
import type { ModelRequest } from '../model.ts'
import type { Lane } from './lane.ts'

/** Backends that can do what the request asks for; where there is none, all of them, which are then asked for less. */
export function findFit(lanes: readonly Lane[], { tools, format }: ModelRequest): readonly Lane[] {
  const withTools = tools.length === 0 ? lanes : lanes.filter(({ canCallTools }) => canCallTools !== false)
  const callers = withTools.length === 0 ? lanes : withTools
  const writers = format === undefined ? callers : callers.filter(({ canWriteJson }) => canWriteJson !== false)
  return writers.length === 0 ? callers : writers
}

/** Tools of the gateway's own are left out where no backend takes them; a caller's are not, as it waits for their calls. */
export function refuseTools(id: string, lanes: readonly Lane[], { tools }: ModelRequest): void {
  if (!tools.some((tool) => 'strict' in tool) || lanes.some(({ canCallTools }) => canCallTools !== false)) return
  throw new BadRequestError(`The model '${id}' cannot call tools.`, { param: 'tools', code: 'unsupported_value' })
}

/** Whether it may take a prompt that was too long for the lane. */
export const isRoomier = (other: Lane, lane: Lane) =>
  (other.model.contextTokens ?? 0) > (lane.model.contextTokens ?? Number.POSITIVE_INFINITY)

/** The most that any of them takes: what does not fit one backend goes to one that takes more. */
export function toContextTokens(lanes: readonly Lane[]): number | undefined {
  const declared = lanes.flatMap(({ model }) => model.contextTokens ?? [])
  return declared.length === 0 ? undefined : Math.max(...declared)
}
