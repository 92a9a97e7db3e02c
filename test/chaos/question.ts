import { createHash } from 'node:crypto'
import { createDice } from './dice.ts'

/** A question with a name of its own, and all that a right way to its answer takes: known beforehand by the name alone. */
export type Question = {
  tag: string
  text: string
  /** The addresses that each step asks the chain about; the answer comes after the last. */
  steps: readonly (readonly string[])[]
}

export function toQuestion(tag: string): Question {
  const dice = createDice(tag)
  const steps = Array.from({ length: dice.between(1, 2) }, (_, step) =>
    Array.from({ length: dice.between(1, 2) }, (_, index) => toAddress(tag, step + 1, index)),
  )
  return { tag, text: `How many transactions have the accounts of ${tag} sent?`, steps }
}

/** The answers to one question differ from try to try, so that a mix of two, or a second one, shows. */
export function toAnswer(tag: string, attempt: number): string {
  return `The accounts of ${tag} have sent ${hashOf(tag).slice(0, 12)} transactions, as counted at attempt ${attempt}.`
}

export const isAnswerTo = (tag: string, text: string) =>
  /^The accounts of (\S+) have sent (\w+) transactions, as counted at attempt \d+\.$/.exec(text)?.slice(1).join() ===
  `${tag},${hashOf(tag).slice(0, 12)}`

/** Of a question, or of anything that holds one. */
export const readTag = (text: string) => /the accounts of (t\d+-\w+(?:-endless)?)/.exec(text)?.[1]

/** A run that a caller means to cancel: its last model call goes on until it is. */
export const isEndless = (tag: string) => tag.endsWith('-endless')

const toAddress = (tag: string, step: number, index: number) => `0x${hashOf(`${tag} ${step} ${index}`).slice(0, 40)}`
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')
