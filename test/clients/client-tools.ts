import type { Heard } from './heard.ts'
import { modelThatCalls } from './model-that-calls.ts'

/** The tools that the clients of these specs bring along, and what they answer. */
export const CITY = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
} as const
export const toWeather = ({ city }: { city: string }) => `It is sunny in ${city}.`
export const toTime = ({ city }: { city: string }) => `It is noon in ${city}.`

export const weather = { name: 'weather', arguments: { city: 'Bern' } }
export const time = { name: 'time', arguments: { city: 'Bern' } }
/** Of the gateway. */
export const count = { name: 'transaction_count', arguments: { address: 'vitalik.eth', chain: 'ethereum' } }
/** Of the gateway. */
export const sum = { name: 'calculate', arguments: { expression: '1 + 1' } }

export const FOUND = {
  weather: 'It is sunny in Bern.',
  time: 'It is noon in Bern.',
  transaction_count: 'vitalik.eth has sent 1,648 transactions on ethereum.',
  calculate: '1 + 1 = 2',
}

/** A model that makes these calls, step by step, and answers with all that the tools said. */
export const worksThrough = (...steps: Parameters<typeof modelThatCalls>[0]) => modelThatCalls(steps, tellAll)

export const tellAll = (results: Heard['results']) => Object.values(results).flat().join(' ') || 'Nothing was found.'

/** As `toTranscript` has it. */
export const called = (...calls: readonly { name: string; arguments: unknown }[]) =>
  `assistant${calls.map(({ name, arguments: args }) => ` → ${name}(${JSON.stringify(args)})`).join('')}`

/** As `toTranscript` has it. */
export const found = (name: keyof typeof FOUND) => `${name}: ${FOUND[name]}`
