import { expect, onTestFinished, test } from 'vitest'
import { logLines } from '../../../test/support/log-lines.ts'
import { startPaymentUpkeep } from './payment-upkeep.ts'

const NOTHING = { settled: 0, failed: 0, open: 0 }

test('it goes on while the store is away, and tells the log once that it fails and once that it works again', async () => {
  const { log, told } = logLines()
  let rounds = 0
  const desk = {
    async reconcile() {
      rounds++
      if (rounds < 4) throw new Error('the store is away')
      return NOTHING
    },
  }
  const upkeep = startPaymentUpkeep({ desk, everyMs: 1, log })
  onTestFinished(() => upkeep.stop())
  await expect.poll(() => rounds).toBeGreaterThan(5)
  expect(told('warn')).toEqual(['payments by x402 cannot be looked after for now'])
  expect(told('info')).toEqual(['payments by x402 are looked after again'])
})

test('once it is stopped, the round that was under way has ended and none follows', async () => {
  let rounds = 0
  let end = () => {}
  const desk = {
    reconcile: () =>
      new Promise<typeof NOTHING>((resolve) => {
        rounds++
        end = () => resolve(NOTHING)
      }),
  }
  const upkeep = startPaymentUpkeep({ desk, everyMs: 1, log: logLines().log })
  await expect.poll(() => rounds).toBe(1)
  let isStopped = false
  const stopped = upkeep.stop().then(() => {
    isStopped = true
  })
  await Promise.resolve()
  expect(isStopped).toBe(false)
  end()
  await stopped

  let others = 0
  const other = startPaymentUpkeep({
    desk: {
      async reconcile() {
        others++
        return NOTHING
      },
    },
    everyMs: 1,
    log: logLines().log,
  })
  onTestFinished(() => other.stop())
  await expect.poll(() => others).toBeGreaterThan(5)
  expect(rounds).toBe(1)
})
