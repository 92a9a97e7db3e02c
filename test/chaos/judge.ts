import { type Heard, isOutOfCredits, type Json, toHeaders, toText } from './caller.ts'
import type { Journal } from './journal.ts'
import { type Bill, billFaults, owe, readBills, readTopUps, toAccount, verifyMoney } from './money.ts'
import { type CallerPlan, isForgotten, LIMITED, POOR, type Round } from './plan.ts'
import { isAnswerTo, isEndless, readTag, toQuestion } from './question.ts'
import { type RunSeen, readRuns } from './runs-seen.ts'
import type { ToppedUp } from './top-up.ts'
import type { World } from './world.ts'

export type Verdict = {
  /** What must not be, each with the question it is about. */
  wrongs: readonly Wrong[]
  /** How much there was to judge. */
  counts: Readonly<Record<string, number>>
}

export type Wrong = { tag: string | undefined; text: string }

export type Evidence = {
  world: World
  heard: readonly Heard[]
  /** Runs whose cancellation was confirmed. */
  cancelled: ReadonlySet<string>
  toppedUp: readonly ToppedUp[]
  /** What was held for runs in place, and nobody has closed. */
  lost: readonly Bill[]
  journal: Journal
  plan: readonly Round[]
  isSettled: boolean
}

/** A process that stood still may have sent what it was about to send, before it could see what time it is. */
const WAKING_MS = 1_000
/** What a run in place may take. */
const LONG_MS = 40_000
/** Between the look of one clock at a moment and another's. */
const BLINK_MS = 25

export async function judge({ world, heard, cancelled, toppedUp, lost, plan, isSettled }: Evidence): Promise<Verdict> {
  const { backends, fleet, store } = world
  const wrongs: Wrong[] = [...backends.wrongs]
  const members = [...fleet.gateways, ...fleet.workers]
  for (const text of members.flatMap((member) => member.wrongs)) wrongs.push({ tag: undefined, text })

  const plans = new Map(plan.flatMap(({ callers }) => callers).map((caller) => [caller.tag, caller]))
  const runs = await readRuns(store)
  const byId = new Map(runs.map((run) => [run.id, run]))
  if (!isSettled) wrongs.push({ tag: undefined, text: 'not everything ended in time' })

  for (const run of runs) {
    const judged = plans.get(run.tag)
    const blame = (text: string) => {
      wrongs.push({ tag: run.tag, text: `${run.id} ${text}` })
    }
    judgeEnd(run, blame)
    judgeCause(run, judged, blame)
    judgeSteps(run, blame)
    await judgeWire(run, judged, blame)
  }
  const bills = await readBills(store)
  const forgotten = heard.filter((told) => isForgotten(told.plan) && told.runId !== undefined)
  for (const told of heard) {
    if (isForgotten(told.plan)) judgeForgotten(told)
    else judgeHeard(told)
    if (isOutOfCredits(told) && !isNeedy(told.plan.caller)) {
      wrongs.push({ tag: told.plan.tag, text: `was told ${told.code}, and is rich` })
    }
  }
  for (const { runId, heldAtMs } of lost) {
    if (!wasLost(heldAtMs, heldAtMs + LONG_MS)) {
      wrongs.push({ tag: undefined, text: `${runId} was held for and not closed, though no gateway was killed` })
    }
  }
  await judgeTopUps()
  for (const id of cancelled) {
    const run = byId.get(id)
    if (run?.state !== 'cancelled') {
      wrongs.push({ tag: run?.tag, text: `${id} was cancelled, and is ${run?.state ?? 'gone'}` })
    }
  }
  const left = judgeJobs()
  for (const { runId, text } of await billFaults(store))
    wrongs.push({ tag: byId.get(runId)?.tag, text: `${runId} ${text}` })
  const invariants = await verifyMoney(store.url)
  for (const { id, violations } of invariants) {
    for (const text of violations) wrongs.push({ tag: undefined, text: `${id}: ${text}` })
  }

  return {
    wrongs,
    counts: {
      runs: runs.length,
      ...Object.fromEntries(END_STATES.map((state) => [state, runs.filter((run) => run.state === state).length])),
      takeovers: runs.reduce((sum, { claims }) => sum + Math.max(0, claims.length - 1), 0),
      modelCalls: backends.modelCalls.length,
      forgotten: forgotten.length,
      lost: lost.length,
      topUps: toppedUp.length,
      poor: heard.filter(isOutOfCredits).length,
      clean: heard.filter(({ end }) => end === 'clean').length,
      refused: heard.filter(({ end }) => end === 'refused').length,
      broken: heard.filter(({ end }) => end === 'broken').length,
      jobsLeft: left,
      ...Object.fromEntries(invariants.map(({ id, checked }) => [id, checked])),
    },
  }

  /** Exactly one end, the last event, which nothing follows; the events are numbered without a gap. */
  function judgeEnd({ state, events, lastSeq, changes }: RunSeen, blame: Blame): void {
    if (!END_STATES.includes(state)) blame(`has not ended: ${state}`)
    if (events.some(({ seq }, index) => seq !== index + 1) || events.length !== lastSeq) {
      blame(`has events ${events.map(({ seq }) => seq).join(' ')}, and counts ${lastSeq}`)
    }
    const ends = events.filter(({ note }) => END_STATES.includes(note.type))
    if (ends.length !== 1 || events.at(-1)?.note.type !== state) {
      blame(`is ${state}, and tells of ${events.map(({ note }) => note.type).join(' ')}`)
    }
    if (changes.some(({ row }) => row.stolen)) blame('was taken from a worker that had it still')
    const first = changes.findIndex(({ row }) => END_STATES.includes(row.state))
    const after = changes
      .slice(first + 1)
      .filter(({ row }) => JSON.stringify(row.outcome) !== JSON.stringify(changes[first]?.row.outcome))
    if (first === -1 || after.length > 0) blame('changed after its end')
  }

  function judgeCause(
    { id, tag, state, outcome, claims }: RunSeen,
    planned: CallerPlan | undefined,
    blame: Blame,
  ): void {
    if (planned === undefined) {
      blame('was never asked for')
      return
    }
    const isLeft = planned.door === 'blocking' || planned.door === 'stream'
    const wasLeft = isLeft && heard.some((told) => told.plan.tag === tag && told.end !== 'clean')
    if (state === 'expired') blame('expired')
    if (state === 'cancelled' && !cancelled.has(id) && planned.cancelAfterMs === undefined && !wasLeft) {
      blame('was cancelled by nobody')
    }
    const isPoor = isOutOfCredits(outcome?.error ?? {}) && isNeedy(planned.caller)
    if (state === 'failed' && !isPoor && backends.faultsOf(tag) === 0 && claims.length < MAX_CLAIMS) {
      blame(`failed for no reason: ${JSON.stringify(outcome.error)}`)
    }
    if (state === 'completed' && !isCutShort(outcome, planned.caller) && !isAnswerTo(tag, outcome.text ?? ''))
      blame(`has a foreign answer: ${outcome.text}`)
    if (state === 'completed' && isEndless(tag)) blame('ended though it has no end')
  }

  /** What is recorded was recorded once, and is not asked for again; what is not, once by each who had the run. */
  function judgeSteps({ tag, claims, recorded, jobs }: RunSeen, blame: Blame): void {
    for (const { op, row, thing } of recorded) if (op !== 'INSERT') blame(`${thing} ${JSON.stringify(row)}: ${op}`)
    const runsOfTag = runs.filter((run) => run.tag === tag)
    if (runsOfTag.length > 1) return // of a key that was used again after a failure: whose calls they are is not known
    const { steps } = toQuestion(tag)
    const calls = backends.modelCalls.filter((call) => call.tag === tag)
    const atOf = (thing: string, matches: (row: Json) => boolean) =>
      recorded.find((record) => record.thing === thing && matches(record.row))?.atMs

    for (let step = 1; step <= steps.length + 1; step++) {
      const own = calls.filter((call) => call.step === step)
      const fromMs = atOf('run_steps', (row) => row.step === step - 1) ?? 0
      const toMs = atOf('run_steps', (row) => row.step === step) ?? Number.POSITIVE_INFINITY
      const workers = 1 + claims.slice(1).filter(({ atMs }) => atMs >= fromMs && atMs <= toMs).length
      const allowed = workers + backends.faultsOf(tag)
      if (own.length > allowed) blame(`asked for step ${step} ${own.length} times, and may ${allowed} times`)
      for (const { atMs, process, backend } of own) {
        if (atMs > toMs + BLINK_MS && !hasJustWoken(process, atMs)) {
          blame(`asked ${backend} for step ${step} ${atMs - toMs} ms after it was recorded`)
        }
      }
      const kept = jobs.find((job) => job.op === 'INSERT' && job.row.step === step)
      const later = kept && own.filter(({ backend, atMs }) => backend === 'runpod' && atMs > kept.atMs + BLINK_MS)
      if (later && later.length > 0 && backends.faultsOf(tag) === 0) blame(`has another job for step ${step}`)

      for (const address of steps[step - 1] ?? []) {
        const asked = backends.toolCalls.filter((call) => call.address === address)
        const tool = recorded.find(({ thing, row }) => thing === 'run_tools' && JSON.stringify(row).includes(address))
        const until = tool?.atMs ?? Number.POSITIVE_INFINITY
        const sinceStep = Number.isFinite(toMs) ? toMs : 0
        const readers = 1 + claims.slice(1).filter(({ atMs }) => atMs >= sinceStep && atMs <= until).length
        if (asked.length > readers) blame(`read ${address} ${asked.length} times, and may ${readers} times`)
        if (asked.some(({ atMs }) => atMs > until + BLINK_MS && !hasJustWoken(undefined, atMs))) {
          blame(`read ${address} after its result was recorded`)
        }
      }
    }
  }

  /** @param name - undefined: any. */
  function hasJustWoken(name: string | undefined, atMs: number): boolean {
    return members.some(
      (member) =>
        (name === undefined || member.name === name) &&
        member.gaps.some(({ toMs }) => atMs >= toMs - BLINK_MS && atMs <= toMs + WAKING_MS),
    )
  }

  /** Both gateways tell what the store holds. */
  async function judgeWire(
    { id, state, outcome }: RunSeen,
    planned: CallerPlan | undefined,
    blame: Blame,
  ): Promise<void> {
    if (planned === undefined) return
    for (const { url, name } of fleet.gateways) {
      const response = await fetch(`${url}/v1/runs/${id}`, { headers: toHeaders(planned) })
      const shown = (await response.json()) as Json
      if (shown.status !== state) blame(`is ${state}, and ${name} shows ${response.status} ${shown.status}`)
      const text = shown.result == null ? null : toText(shown.result)
      if (text !== (state === 'completed' ? outcome.text : null)) blame(`is shown by ${name} with ${text}`)
    }
  }

  function judgeHeard({ plan: { tag, key, caller }, end, text, runId, code }: Heard): void {
    const blame = (said: string) => {
      wrongs.push({ tag, text: said })
    }
    if (code?.startsWith('event ')) blame(`was told ${code}`)
    if (end !== 'clean' && end !== 'accepted') return
    const run = byId.get(runId ?? '')
    if (runId === undefined || run === undefined) {
      blame(`was answered, or promised an answer, by a run that is nowhere: ${runId}`)
      return
    }
    if (run.tag !== tag) blame(`was told of ${runId}, which is another's`)
    if (end === 'accepted') return
    const isWhole = !isCutShort(run.outcome, caller)
    if (isWhole && !isAnswerTo(tag, text)) blame(`heard a foreign or broken answer: ${JSON.stringify(text)}`)
    if (run.state !== 'completed' || run.outcome.text !== text) {
      blame(
        `heard ${JSON.stringify(text)} of ${runId}, which is ${run.state} with ${JSON.stringify(run.outcome?.text)}`,
      )
    }
    const twin = heard.find((told) => told.end === 'clean' && told.plan.tag === tag && told.text !== text)
    if (key !== undefined && twin !== undefined) blame(`heard two answers: ${text} and ${twin.text}`)
  }

  /** Nothing is left of it but its bill. */
  function judgeForgotten({ plan, end, text, reason, runId, code, usage, askedAtMs, atMs }: Heard): void {
    const { tag, caller } = plan
    const blame = (said: string) => {
      wrongs.push({ tag, text: `${runId} ${said}` })
    }
    const bill = bills.get(runId ?? '')
    if (end === 'refused' && text === '' && !isOutOfCredits({ code }) && BigInt(bill?.amount ?? 0) > 0n) {
      blame(`was refused with ${code}, and charged ${bill?.amount}`)
    }
    if (end !== 'clean') return
    const isWhole = reason !== 'length' || !isNeedy(caller)
    if (isWhole && !isAnswerTo(tag, text)) blame(`heard a foreign or broken answer: ${JSON.stringify(text)}`)
    if (bill === undefined) blame('was answered, and nothing was held')
    else if (bill.state === 'settled') {
      const owed = usage && String(owe(usage))
      if (bill.amount !== owed) blame(`was charged ${bill.amount}, and owes ${owed}`)
    } else if (!wasStoreHarmed(askedAtMs, atMs)) blame(`was answered, and its hold is ${bill.state}`)
  }

  /** Whatever was asked twice, and wherever it broke off: the credits came once, to somebody who had asked for them. */
  async function judgeTopUps(): Promise<void> {
    const plans = [...new Set(toppedUp.map((told) => told.plan))]
    const known = await readTopUps(store, plans)
    for (const { kind, name, callers } of plans) {
      const told = toppedUp.filter((one) => one.plan.name === name)
      const blame = (said: string) => {
        wrongs.push({ tag: undefined, text: `${kind} ${name}: ${said}` })
      }
      const [credited, ...more] = known.get(name) ?? []
      if (credited === undefined || more.length > 0) blame(`came to ${[credited, ...more].join(', ') || 'nobody'}`)
      else if (!callers.some((caller) => toAccount(caller) === credited)) blame(`came to ${credited}`)
      for (const { caller, status } of told) {
        const isRight = status === 200 ? toAccount(caller) === credited : kind === 'voucher' && status === 409
        if (!isRight) blame(`${caller} was told ${status}, and it came to ${credited}`)
      }
      const acknowledged = told.filter(({ status }) => status === 200)
      if (kind === 'voucher' && acknowledged.length > 1) blame('was redeemed more than once')
    }
  }

  /** A gateway that is told to stop settles what it had begun. */
  function wasLost(fromMs: number, toMs: number): boolean {
    const gaps = fleet.gateways.flatMap((gateway) => gateway.gaps)
    const wasKilled = gaps.some((gap) => gap.isSudden && gap.fromMs <= toMs && gap.toMs >= fromMs)
    return wasKilled || wasStoreHarmed(fromMs, toMs)
  }

  function wasStoreHarmed(fromMs: number, toMs: number): boolean {
    return world.hardships.some((hard) => hard.fromMs <= toMs && (hard.toMs ?? toMs) + WAKING_MS >= fromMs)
  }

  /** @returns how many jobs were left behind by processes that were broken before they could write down their ids. */
  function judgeJobs(): number {
    const open = backends.runpod.jobs.filter(({ endedAtMs }) => endedAtMs === undefined)
    let left = 0
    for (const job of open) {
      const tag = readTag(JSON.stringify(job.body.messages))
      const run = runs.find((run) => run.tag === tag)
      const end = run?.changes.find(({ row }) => END_STATES.includes(row.state))
      const harmed = members.some(({ gaps }) =>
        gaps.some(({ fromMs, toMs }) => fromMs <= (end?.atMs ?? 0) + 2_000 && toMs >= job.submittedAtMs - 2_000),
      )
      const isKnown = run?.jobs.some(({ row }) => row.job.id === job.id) ?? false
      if (run?.state === 'cancelled' && harmed && !isKnown) left++
      else wrongs.push({ tag, text: `left the job ${job.id} running at RunPod: ${run?.id} is ${run?.state}` })
    }
    return left
  }
}

const END_STATES = ['completed', 'failed', 'cancelled', 'expired']
/** The store's own limit, after which a run is given up. */
const MAX_CLAIMS = 5

/** Its credits ran out before the answer: it ends with what its tools have found. */
const isCutShort = (outcome: Json, caller: string) => outcome?.trace?.limit === 'max_credits' && isNeedy(caller)

const isNeedy = (caller: string) => [POOR, LIMITED].includes(caller)

type Blame = (text: string) => void
