import { z } from 'zod'
import { plainText } from '../account-fields.ts'
import { toList, toShown } from '../parse-request.ts'

/** What a caller's usage may be summed up by, one or several at once. */
export const USAGE_GROUPS = ['day', 'model', 'tool', 'key', 'member'] as const
export type OwnUsageGroup = (typeof USAGE_GROUPS)[number]

const day = (name: 'from' | 'to') =>
  z.string().refine((text) => text.startsWith('20') && z.iso.date().safeParse(text).success, {
    error: ({ input }) =>
      `Invalid '${name}': expected a day in UTC like '2026-11-22', but got '${toShown(input)}' instead.`,
  })

const groupBy = z.string().transform((text, context): readonly OwnUsageGroup[] => {
  if (text === 'none') return []
  const words = text.split(',')
  const wrong = words.find((word, at) => !isGroup(word) || words.indexOf(word) !== at)
  if (wrong === undefined) return words.filter(isGroup)
  const message =
    words.filter((word) => word === wrong).length > 1
      ? `Invalid 'group_by': '${toShown(wrong)}' is named twice.`
      : `Invalid value: '${toShown(wrong)}'. Supported values are: ${toList(USAGE_GROUPS)}, several with commas between them, or 'none'.`
  context.addIssue({ code: 'custom', message })
  return z.NEVER
})

const isGroup = (word: string): word is OwnUsageGroup => (USAGE_GROUPS as readonly string[]).includes(word)

/** The first day and the last. */
export const DAY_FIELDS = { from: day('from').optional(), to: day('to').optional() }

/** Of `GET /v1/usage`. */
export const UsageQuery = z.strictObject({
  ...DAY_FIELDS,
  group_by: groupBy.default(['day']),
  org: plainText(64).optional(),
  format: z.enum(['json', 'csv']).optional(),
})
