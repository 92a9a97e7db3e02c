import { setTimeout as pause } from 'node:timers/promises'
import type { Ceiling, HoldOrder, Ledger, RunDone } from '../../src/accounts/ledger.ts'
import type { Terms } from '../../src/accounts/price.ts'
import { GatewayError } from '../../src/errors.ts'
import type { Dice } from '../chaos/dice.ts'
import type { Note } from './note.ts'
import { TOWN } from './town.ts'

/** How long a hold may stay open: less than it takes to look at the end. */
export const TTL_MS = 600

export type Player = {
  ledger: Ledger
  dice: Dice
  /** Written down before the player goes on. */
  note(note: Note): void
  /** Names the runs and postings that all players share now: they race for them. */
  shared(): number
}

/** One random thing, or several at once that race. */
export async function play(player: Player): Promise<void> {
  const { dice } = player
  const act = dice.pick(ACTS)
  await act(player, `run_${player.shared() - dice.between(0, 2)}_${dice.between(1, 6)}`)
}

type Act = (player: Player, runId: string) => Promise<unknown>

const hold: Act = (player, runId) => place(player, toOrder(player.dice, runId))

const place = (player: Player, order: HoldOrder) =>
  told(player, player.ledger.hold(order), ({ runId, account, amount }) => {
    player.note({ act: 'held', runId, account, amount: String(amount) })
    return true
  })

const extend: Act = (player, runId) => {
  const amount = BigInt(player.dice.between(50, 400))
  return told(player, player.ledger.extend(runId, amount), (isRaised) => {
    if (isRaised) player.note({ act: 'extended', runId, amount: String(amount) })
  })
}

const settle: Act = (player, runId) => close(player, runId, toDone(player.dice))

async function close(player: Player, runId: string, done: RunDone): Promise<void> {
  const wasHeld = await told(player, player.ledger.findHold(runId), (hold) => hold !== undefined)
  await told(player, player.ledger.settle(runId, done), (settlement) => {
    if (settlement !== undefined) {
      const { account, charged } = settlement
      player.note({ act: 'settled', runId, account, charged: String(charged) })
    } else if (wasHeld === true) player.note({ act: 'over', runId })
  })
}

const wholeRun: Act = async (player, runId) => {
  await hold(player, runId)
  if (player.dice.chance(0.5)) await extend(player, runId)
  await settle(player, runId)
}

/** More runs of one account at once than it can pay for, and all cost what they hold. */
const rush: Act = async (player, runId) => {
  const account = player.dice.pick(TOWN)
  const runs = Array.from({ length: 8 }, (_, n) => ({
    ...toOrder(player.dice, `${runId}_${n}_${player.dice.between(1, 1_000_000)}`),
    payers: [account],
    amount: 400n,
    ceilings: [],
  }))
  const held = await Promise.all(runs.map((order) => place(player, order)))
  const done: RunDone = { ...toDone(player.dice), usage: { promptTokens: 0, completionTokens: 380 }, tools: {} }
  await Promise.all(runs.map(({ runId }, n) => (held[n] === true ? close(player, runId, done) : undefined)))
}

const topUp: Act = (player) => {
  const [account, amount] = [player.dice.pick(TOWN), BigInt(player.dice.between(1, 200))]
  // Whom a reference is for does not change, and how much is part of it.
  const ref = `${player.shared()} ${account} ${amount}`
  return told(player, player.ledger.topUp({ kind: 'grant', ref, account, amount }), ({ isNew }) => {
    player.note({ act: 'posted', kind: 'grant', ref, account, amount: String(amount), isNew })
  })
}

const move: Act = (player) => {
  const [from, to] = player.dice.pick([
    [TOWN[0], TOWN[1]],
    [TOWN[1], TOWN[0]],
    [TOWN[2], TOWN[3]],
    [TOWN[3], TOWN[0]],
  ] as const)
  const amount = BigInt(player.dice.between(1, 300))
  const ref = `${player.shared()} ${from} ${to} ${amount}`
  return told(player, player.ledger.move({ kind: 'move', ref, from, to, amount }), ({ isNew }) => {
    player.note({ act: 'posted', kind: 'move', ref, account: to, amount: String(amount), isNew })
  })
}

const sweep: Act = (player) =>
  told(player, player.ledger.closeLost(), ({ expired }) => player.note({ act: 'swept', expired }))

const race =
  (...acts: readonly Act[]): Act =>
  (player, runId) =>
    Promise.all(acts.map((act) => act(player, runId)))

const ACTS: readonly Act[] = [
  ...[hold, hold, hold, hold, hold, extend, extend, settle, settle, settle],
  ...[wholeRun, wholeRun, wholeRun, rush, rush, topUp, topUp, move, sweep],
  ...[
    race(hold, hold),
    race(hold, hold, settle),
    race(settle, settle),
    race(extend, settle),
    race(extend, extend, extend),
  ],
  ...[race(settle, sweep), race(topUp, topUp), race(move, move), race(wholeRun, wholeRun)],
]

function toOrder(dice: Dice, runId: string): HoldOrder {
  const payers = dice.chance(0.3) ? [TOWN[2], TOWN[0]] : [dice.pick(TOWN)]
  return {
    runId,
    payers,
    amount: dice.chance(0.05) ? 0n : BigInt(dice.between(1, 300)),
    caller: payers[0] ?? '',
    keyId: 'key_a',
    model: 'operator',
    terms: TERMS,
    ceilings: dice.chance(0.4) ? CEILINGS : [],
    ttlMs: TTL_MS,
  }
}

/** A micro-credit a token, and a tool that costs 5. */
const TERMS: Terms = {
  rates: { promptPerMillion: 1_000_000n, completionPerMillion: 1_000_000n },
  toolPrices: { transaction_count: 5n },
}

const CEILINGS: readonly Ceiling[] = [
  { subject: 'key:key_a', of: 'This key', period: 'day', unit: 'credits', limit: 100_000n },
  { subject: 'key:key_a', of: 'This key', period: 'ever', unit: 'runs', limit: 12n },
  { subject: 'member:a', of: 'You', period: 'month', unit: 'credits', limit: 50_000n, payer: TOWN[2] },
]

/** Most cost less than is held, some more, some nothing. */
function toDone(dice: Dice): RunDone {
  const isOurs = dice.chance(0.2)
  return {
    usage: { promptTokens: dice.between(0, 60), completionTokens: dice.between(0, dice.chance(0.1) ? 600 : 60) },
    tools: dice.chance(0.3) ? { transaction_count: dice.between(1, 3) } : {},
    steps: 1,
    outcome: isOurs ? 'failed' : dice.pick(['completed', 'cancelled', 'left'] as const),
    isEstimated: dice.chance(0.2),
    ...(isOurs && { isUncharged: true }),
  }
}

/** What was answered, noted; a refusal, noted as such. */
async function told<Answer, Result>(
  { note }: Player,
  asked: Promise<Answer>,
  write: (answer: Answer) => Result,
): Promise<Result | undefined> {
  try {
    return write(await asked)
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    if (error instanceof GatewayError && REFUSALS.has(code ?? '')) note({ act: 'refused', code: code ?? '' })
    else if (error instanceof GatewayError && code === 'store_unavailable') {
      note({ act: 'away' })
      await pause(50)
    } else note({ act: 'wrong', text: `${code ?? (error as Error).name}: ${message}` })
    return undefined
  }
}

const REFUSALS: ReadonlySet<string> = new Set([
  'insufficient_credits',
  'budget_exceeded',
  'rate_limit_exceeded',
  'run_ended',
])
