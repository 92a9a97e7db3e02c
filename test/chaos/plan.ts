import { createDice, type Dice } from './dice.ts'

/** What a caller does, and when it stops doing it. */
export type CallerPlan = {
  tag: string
  caller: string
  model: 'operator' | 'conductor' | 'pod'
  door: 'background' | 'blocking' | 'stream' | 'events'
  /** Sent with every try. */
  key: string | undefined
  /** The same request at the same time at the other gateway. */
  hasTwin: boolean
  /** Of the gateway it asks first. */
  gateway: number
  cancelAfterMs: number | undefined
  hangUpAfterMs: number | undefined
}

export type Harm = (typeof HARMS)[number]['harm']

export type Round = {
  callers: readonly CallerPlan[]
  harm: Harm
  /** Which of several it befalls. */
  victim: number
  /** How long it lasts, where it does. */
  ms: number
  harmAfterMs: number
  /** Until the next round begins, whatever still runs of this one. */
  pauseMs: number
  topUp: TopUpPlan | undefined
}

/** Credits that are asked for by several at the same time, and are to come once. */
export type TopUpPlan = {
  kind: 'voucher' | 'grant'
  /** The voucher's code, or the grant's id. */
  name: string
  /** Whose accounts: of a voucher the first that comes gets it. */
  callers: readonly string[]
  /** Where the first is asked; each next at the other one. */
  gateway: number
}

const HARMS = [
  { harm: 'kill a worker', weight: 5 },
  { harm: 'kill a gateway', weight: 3 },
  { harm: 'freeze a worker', weight: 4 },
  { harm: 'freeze a gateway', weight: 1 },
  { harm: 'stop a worker', weight: 2 },
  { harm: 'stop a gateway', weight: 1 },
  { harm: 'restart the store', weight: 1 },
  { harm: 'crash the store', weight: 2 },
  { harm: 'freeze the store', weight: 1 },
  { harm: 'cut the connections', weight: 2 },
  { harm: 'spoil vllm', weight: 2 },
  { harm: 'spoil runpod', weight: 2 },
  { harm: 'put runpod to sleep', weight: 1 },
  { harm: 'spoil the chain', weight: 1 },
  { harm: 'queue everything twice', weight: 2 },
  { harm: 'empty the queue', weight: 2 },
  { harm: 'crash redis', weight: 2 },
  { harm: 'freeze redis', weight: 1 },
  { harm: 'nothing', weight: 1 },
] as const

const DECK = HARMS.flatMap(({ harm, weight }) => Array.from({ length: weight }, () => harm))

/** An interactive run without a key is kept nowhere, and ends with its process. */
export const isForgotten = ({ model, key }: CallerPlan) => model === 'operator' && key === undefined

/** All that is going to be tried, by the seed alone; only the timing of the machine comes between two plays of it. */
export function planRounds(seed: number, count: number, queue: 'postgres' | 'redis'): Round[] {
  const dice = createDice(seed)
  const harms = queue === 'redis' ? DECK : DECK.filter((harm) => !harm.endsWith('redis'))
  return Array.from({ length: count }, (_, index): Round => {
    const callers = Array.from({ length: dice.between(1, 4) }, (_, place) => planCaller(dice, `t${index}-${place}`))
    return {
      callers,
      harm: dice.pick(harms),
      victim: dice.between(0, 1),
      ms: dice.between(300, 3_000),
      harmAfterMs: dice.between(0, 500),
      pauseMs: dice.between(200, 700),
      topUp: dice.chance(0.4) ? planTopUp(dice) : undefined,
    }
  })
}

function planTopUp(dice: Dice): TopUpPlan {
  const letters = Array.from({ length: 25 }, () => dice.pick([...'0123456789abcdefghjkmnpqrstvwxyz'])).join('')
  const kind = dice.pick(['voucher', 'grant'] as const)
  return {
    kind,
    name: kind === 'voucher' ? `gwv_${letters}` : letters,
    callers: kind === 'grant' || dice.chance(0.7) ? [POOR, POOR] : [POOR, LIMITED],
    gateway: dice.between(0, 1),
  }
}

/** Has credits for a few runs. */
export const POOR = 'caller-4'
/** Has a key with a budget, and may run few at once. */
export const LIMITED = 'caller-5'
/** Each has a key and credits of its own. */
export const CALLERS = ['caller-1', 'caller-2', 'caller-3', POOR, LIMITED] as const

function planCaller(dice: Dice, name: string): CallerPlan {
  const model = dice.pick(['operator', 'operator', 'conductor', 'conductor', 'conductor', 'pod', 'pod'] as const)
  const door =
    model === 'operator'
      ? dice.pick(['blocking', 'stream'] as const)
      : dice.pick(['background', 'events', 'blocking', 'stream'] as const)
  const isWaitedFor = door === 'blocking' || door === 'stream'
  const hasKey = dice.chance(0.4)
  const isCancelled = !isWaitedFor && dice.chance(0.25)
  const isEndless = isCancelled && dice.chance(0.5)
  const hangsUp = isWaitedFor && dice.chance(0.15)
  const letters = dice.between(0, 0xffff).toString(36)
  return {
    tag: `${name}${letters}${isEndless ? '-endless' : ''}`,
    caller: dice.pick(CALLERS),
    model,
    door,
    key: hasKey ? `key-${name}-${letters}` : undefined,
    hasTwin: hasKey && dice.chance(0.5),
    gateway: dice.between(0, 1),
    cancelAfterMs: isCancelled ? dice.between(0, 2_000) : undefined,
    hangUpAfterMs: hangsUp ? dice.between(50, 1_500) : undefined,
  }
}
