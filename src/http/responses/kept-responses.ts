import type { Request } from 'express'
import { BadRequestError, GatewayError } from '../../errors.ts'
import type { Keep } from '../../runs/keep.ts'
import type { RunRecord } from '../../runs/run-record.ts'
import type { RunDesk } from '../../runs/run-store.ts'
import { toShown } from '../parse-request.ts'
import type { InputItem } from './input-items.ts'
import { type ResponseEnvelope, toResponseEnvelope } from './response-envelope.ts'
import { type KeptResponse, toResponseIdOfItem, toRunId } from './response-object.ts'
import { tellStored } from './tell-stored.ts'

/** What the routes on a response that exists are made with: one in the background is kept as its run, another by itself. */
export type KeptResponseDeps = {
  keep: Keep<KeptResponse>
  runs: Pick<RunDesk, 'find' | 'cancel' | 'forget'>
}

/** The response that `/v1/responses/{id}` names. */
export const idOf = (req: Request): string => String(req.params.id)

export type BackgroundResponse = { run: RunRecord; envelope: ResponseEnvelope }

/** A response in the background, whether or not it has ended. */
export async function findInBackground(
  runs: Pick<RunDesk, 'find'>,
  caller: string,
  id: string,
): Promise<BackgroundResponse | undefined> {
  const runId = toRunId(id)
  const run = runId === undefined ? undefined : await runs.find(caller, runId)
  const envelope = toResponseEnvelope(run?.envelope)
  return run !== undefined && envelope?.start.background ? { run, envelope } : undefined
}

/** A response as it stands; undefined where the caller has none of that id. */
export async function findResponse(
  { keep, runs }: KeptResponseDeps,
  caller: string,
  id: string,
): Promise<KeptResponse | undefined> {
  const kept = await keep.get(caller, id)
  if (kept !== undefined) return kept
  const found = await findInBackground(runs, caller, id)
  if (found === undefined) return undefined
  const { response } = await tellStored(found.run, found.envelope)
  return { response, input: found.envelope.input }
}

/** @throws {@link GatewayError} 404 where the caller has none of that id. */
export async function getResponse(deps: KeptResponseDeps, caller: string, id: string): Promise<KeptResponse> {
  return (await findResponse(deps, caller, id)) ?? refuseUnknown(id)
}

export function refuseUnknown(id: string): never {
  throw new GatewayError(`Response with id '${toShown(id)}' not found.`, { status: 404, code: null, param: 'id' })
}

/**
 * What was said up to the end of a response, to go on from there.
 * @throws {@link BadRequestError} in OpenAI's wording where nothing can follow it.
 */
export async function getConversation(
  deps: KeptResponseDeps,
  caller: string,
  id: string | undefined,
): Promise<readonly InputItem[]> {
  if (id === undefined) return []
  const kept = await findResponse(deps, caller, id)
  if (kept === undefined) {
    throw new BadRequestError(`Previous response with id '${toShown(id)}' not found.`, {
      param: 'previous_response_id',
      code: 'previous_response_not_found',
    })
  }
  const { status, output } = kept.response
  if (status === 'completed' || status === 'incomplete') return [...kept.input, ...output]
  throw new BadRequestError(`Previous response with id '${toShown(id)}' is ${status}: nothing can follow it.`, {
    param: 'previous_response_id',
    code: 'invalid_value',
  })
}

/**
 * Finds what an `item_reference` means: an item of the conversation so far, or of any other response that is kept. Each
 * is read once, as a request may refer to thousands.
 */
export function createItemFinder(
  deps: KeptResponseDeps,
  caller: string,
  conversation: readonly InputItem[],
): (id: string) => Promise<InputItem> {
  const here = toIndex(conversation)
  const there = new Map<string, Promise<Index>>()
  const read = async (responseId: string) => {
    const kept = await findResponse(deps, caller, responseId)
    return toIndex(kept === undefined ? [] : [...kept.input, ...kept.response.output])
  }
  return async (id) => {
    const responseId = toResponseIdOfItem(id)
    if (responseId !== undefined && !there.has(responseId)) there.set(responseId, read(responseId))
    const item = here.get(id) ?? (await there.get(responseId ?? ''))?.get(id)
    if (item !== undefined) return item
    throw new GatewayError(
      `Item with id '${toShown(id)}' not found. Items are not persisted when 'store' is set to false. Try again with 'store' set to true, or remove this item from your input.`,
      { status: 404, code: null, param: 'input' },
    )
  }
}

type Index = ReadonlyMap<string, InputItem>

const toIndex = (items: readonly InputItem[]): Index => new Map(items.map((item) => [item.id, item]))
