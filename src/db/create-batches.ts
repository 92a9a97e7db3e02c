/**
 * Asks for many what each asks for: what comes while a batch is under way goes with the next one. Under load that makes one round
 * trip, and one commit, of many; without, nobody waits for others.
 * @param work - answers in the order of the asks; undefined where one has to be asked for by itself.
 * @param alone - for those, and for all where the batch has failed: the fault of one must not be that of the others.
 */
export function createBatches<Ask, Answer>(
  work: (asks: readonly Ask[]) => Promise<readonly (Answer | undefined)[]>,
  alone: (ask: Ask) => Promise<Answer>,
): (ask: Ask) => Promise<Answer> {
  const waiting: Waiting<Ask, Answer>[] = []
  let underWay = 0

  async function send(): Promise<void> {
    underWay++
    try {
      while (waiting.length > 0) await sendNow(waiting.splice(0, MOST))
    } finally {
      underWay--
    }
  }

  async function sendNow(batch: readonly Waiting<Ask, Answer>[]): Promise<void> {
    const [only, ...others] = batch
    if (only !== undefined && others.length === 0) {
      await alone(only.ask).then(only.resolve, only.reject)
      return
    }
    const answers = await work(batch.map(({ ask }) => ask)).catch(() => [])
    for (const [place, { ask, resolve, reject }] of batch.entries()) {
      const answer = answers[place]
      if (answer !== undefined) resolve(answer)
      else void alone(ask).then(resolve, reject)
    }
  }

  return (ask) =>
    new Promise((resolve, reject) => {
      waiting.push({ ask, resolve, reject })
      if (underWay < LANES) void send()
    })
}

type Waiting<Ask, Answer> = { ask: Ask; resolve: (answer: Answer) => void; reject: (error: unknown) => void }

/** Rows of one statement. */
const MOST = 128
const LANES = 1
