import { parseArgs } from 'node:util'
import { runChaos } from '../test/chaos/chaos.ts'
import { toStory } from '../test/chaos/story.ts'

const USAGE = `Asks questions of two gateways and two workers while these, their store, their queue and their models are killed,
frozen and broken, and then looks for what must not be: a run that did not end, work done twice, a wrong answer.

  npm run chaos -- [--rounds 100] [--seed 7] [--queue postgres|redis] [--verbose]

The seed is printed, and plays the same rounds again.
`

/** To a world: its journal and store are read as a whole at the end. */
const ROUNDS_AT_ONCE = 50

process.exit(await main())

/** @returns the exit code: 0 where all was well, 1 where something was wrong, 2 for a wrong command line. */
async function main(): Promise<number> {
  const options = parse()
  if (options === undefined) {
    process.stdout.write(USAGE)
    return 2
  }
  const { rounds, seed, queues, verbose } = options
  for (let done = 0; done < rounds; done += ROUNDS_AT_ONCE) {
    const game = { seed: seed + done / ROUNDS_AT_ONCE, rounds: Math.min(ROUNDS_AT_ONCE, rounds - done) }
    for (const queue of queues) {
      const startedAtMs = performance.now()
      const name = `--queue ${queue} --seed ${game.seed} --rounds ${game.rounds}`
      const report = await runChaos({ ...game, queue, say: verbose ? console.log : undefined })
      const counts = Object.entries(report.counts).map(([what, count]) => `${what} ${count}`)
      console.log(`${name}: ${Math.round((performance.now() - startedAtMs) / 1_000)} s, ${counts.join(', ')}`)
      if (report.wrongs.length === 0) continue
      console.log(`${toStory(report)}\n\nAgain: npm run chaos -- ${name}`)
      return 1
    }
  }
  return 0
}

function parse() {
  try {
    const { values } = parseArgs({
      options: {
        rounds: { type: 'string', default: '100' },
        seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
        queue: { type: 'string' },
        verbose: { type: 'boolean', default: false },
      },
    })
    const [rounds, seed] = [Number(values.rounds), Number(values.seed)]
    const queues = (['postgres', 'redis'] as const).filter(
      (queue) => values.queue === undefined || values.queue === queue,
    )
    const isWrong = !Number.isInteger(rounds) || rounds < 1 || !Number.isInteger(seed) || queues.length === 0
    return isWrong ? undefined : { rounds, seed, queues, verbose: values.verbose }
  } catch {
    return undefined
  }
}
