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
  const firstStep = (order: BillableOrder, listing: ModelListing) => {
    const offered = [...offeredTools(tools, order), ...order.clientTools]
    const system = order.serverTools ? [{ role: 'system' as const, text: prompts.system }] : []
    return {
      promptTokens: estimatePrompt([...system, ...order.messages], offered),
      completionTokens: mostCompletionTokens(order, listing),
    }
  }
  return {
    termsOf,
    mostTokens(order, listing) {
      const { promptTokens, completionTokens } = firstStep(order, listing)
      // Who does not say how long the answer may be is not refused for what it could have been.
      return promptTokens + (order.params.maxTokens === undefined ? 0 : completionTokens)
    },
    hold: (order) => till.hold(order),
    toHoldOrder(order, listing, { payers, keyId, ceilings, isCharged, ttlMs }) {
      const terms = isCharged ? termsOf(listing) : FREE
      return {
        runId: order.id,
        payers,
        amount: price({ usage: firstStep(order, listing), tools: {} }, terms),
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

/** What a step may write at most, as far as it is paid ahead. What is longer is charged all the same, where there are credits. */
export function mostCompletionTokens(
  { params, serverTools, clientTools }: Pick<RunOrder, 'params' | 'serverTools' | 'clientTools'>,
  { answerTokens = USUAL_TOKENS, model }: Pick<ModelListing, 'answerTokens' | 'model'>,
): number {
  const mayCall = serverTools || clientTools.length > 0
  const asked = params.maxTokens === undefined ? answerTokens : Math.max(params.maxTokens, mayCall ? CALL_TOKENS : 0)
  return Math.min(asked, model.contextTokens ?? asked)
}

/** A long answer. */
const USUAL_TOKENS = 4_096
/** What a call may take, however short the answer is to be. */
const CALL_TOKENS = 2_048

const NOTHING: Rates = { promptPerMillion: 0n, completionPerMillion: 0n }
const FREE: Terms = { rates: NOTHING, toolPrices: {} }
