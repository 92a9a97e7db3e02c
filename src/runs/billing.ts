import type { RunTill } from '../accounts/ledger/create-run-till.ts'
import type { FoundHold } from '../accounts/ledger/find-hold.ts'
import type { Ceiling, HoldOrder } from '../accounts/ledger.ts'
import { price, type Rates, type Terms } from '../accounts/price.ts'
import type { ToolDefinition } from '../messages.ts'
import { createPromptEstimate } from '../models/estimate-tokens.ts'
import type { ModelListing } from '../models/models.ts'
import { offeredTools } from './execute-run.ts'
import type { Prompts } from './prompts.ts'
import type { RunOrder } from './run.ts'

/** What runs cost, and who pays: how an order becomes a hold. */
export type Billing = {
  /** What a run of a model is charged by. */
  termsOf(listing: Pick<ModelListing, 'price'>): Terms
  /** Tokens of the first step at its longest. */
  mostTokens(order: BillableOrder, listing: ModelListing): number
  /** Holds enough for the first step at its dearest. @throws as the ledger's `hold`. */
  hold(order: HoldOrder): Promise<FoundHold>
  toHoldOrder(order: BillableOrder, listing: ModelListing, payment: Payment): HoldOrder
}

export type BillableOrder = Pick<
  RunOrder,
  'id' | 'caller' | 'messages' | 'params' | 'serverTools' | 'allowedTools' | 'clientTools'
>

/** Who pays for a run, and what it counts against. */
export type Payment = {
  /** Accounts, the first that can; where nothing is charged, the one whose ceilings count. */
  payers: readonly string[]
  keyId: string | undefined
  ceilings: readonly Ceiling[]
  /** False in free mode: ceilings count, and no balance is touched. */
  isCharged: boolean
  /** Until it is taken for lost. */
  ttlMs: number
}

export type BillingDeps = {
  till: Pick<RunTill, 'hold'>
  toolPrices: Terms['toolPrices']
  tools: readonly ToolDefinition[]
  prompts: Pick<Prompts, 'system'>
}

export function createBilling({ till, toolPrices, tools, prompts }: BillingDeps): Billing {
  const estimatePrompt = createPromptEstimate()
  const termsOf: Billing['termsOf'] = (listing) => ({ rates: listing.price ?? NOTHING, toolPrices })
  const firstPrompt = (order: BillableOrder): number => {
    const offered = [...offeredTools(tools, order), ...order.clientTools]
    const system = order.serverTools ? [{ role: 'system' as const, text: prompts.system }] : []
    return estimatePrompt([...system, ...order.messages], offered)
  }
  return {
    termsOf,
    mostTokens(order, listing) {
      const promptTokens = firstPrompt(order)
      // Who does not say how long the answer may be is not refused for what it could have been.
      return (
        promptTokens + (order.params.maxTokens === undefined ? 0 : answerTokens(order, listing, promptTokens).least)
      )
    },
    hold: (order) => till.hold(order),
    toHoldOrder(order, listing, { payers, keyId, ceilings, isCharged, ttlMs }) {
      const terms = isCharged ? termsOf(listing) : FREE
      const promptTokens = firstPrompt(order)
      const { least, most } = answerTokens(order, listing, promptTokens)
      const costOf = (completionTokens: number) =>
        price({ usage: { promptTokens, completionTokens }, tools: {} }, terms)
      return {
        runId: order.id,
        payers,
        amount: costOf(least),
        atBest: costOf(most),
        caller: order.caller,
        keyId,
        model: listing.model.id,
        terms,
        ceilings,
        ttlMs,
      }
    },
  }
}

/** What a step may write: `least` is paid ahead in any case, `most` where the credits are there. */
export function answerTokens(
  { params, serverTools, clientTools }: Pick<RunOrder, 'params' | 'serverTools' | 'clientTools'>,
  { answerTokens: limit, model }: Pick<ModelListing, 'answerTokens' | 'model'>,
  promptTokens: number,
): { least: number; most: number } {
  const { contextTokens = USUAL_CONTEXT } = model
  const mayCall = serverTools || clientTools.length > 0
  const asked = params.maxTokens && Math.max(params.maxTokens, mayCall ? CALL_TOKENS : 0)
  const most = Math.min(asked ?? limit ?? Math.max(contextTokens - promptTokens, CALL_TOKENS), limit ?? contextTokens)
  return { least: asked === undefined ? Math.min(most, USUAL_TOKENS) : most, most }
}

/** A long answer. */
const USUAL_TOKENS = 4_096
/** What a call may take, however short the answer is to be. */
const CALL_TOKENS = 2_048
/** Where nobody knows how much a model takes. */
const USUAL_CONTEXT = 16_384

const NOTHING: Rates = { promptPerMillion: 0n, completionPerMillion: 0n }
const FREE: Terms = { rates: NOTHING, toolPrices: {} }
