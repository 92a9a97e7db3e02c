import { defineTool, evaluate, toDecimal, withSeparators, z } from '../src/toolkit.ts'

export default defineTool({
  name: 'calculate',
  description:
    'Exact arithmetic: + - * / ^, parentheses, percentages (15% of 200), units of ether (wei, gwei, ether: 30 gwei * 21000 in ether), and token decimals: raw(1.5, 6) = 1500000, whole(1500000, 6) = 1.5. Use it for every sum, product or conversion.',
  input: z.object({
    expression: z.string().trim().min(1).max(500).meta({
      description:
        'For example (1.5 + 2) * 3, 15% of 4150.12, 1.5 ether in wei, 12.5 * 4150.12. Tokens and dollars are numbers without a unit',
      format: 'expression',
    }),
  }),
  output: z.object({
    expression: z.string(),
    result: z.string(),
    unit: z.enum(['wei', 'gwei', 'ether']).nullable(),
    rounded: z.boolean(),
  }),
  examples: [
    { ask: 'what is {expression}?' },
    { ask: 'calculate {expression}' },
    { ask: 'how much is {expression}?' },
    { ask: 'compute {expression}' },
    { ask: 'convert {expression}' },
  ],
  notes: ['The result is exact unless rounded is true; then it has 20 significant digits.'],
  async execute({ expression }) {
    const { value, unit } = evaluate(expression)
    const { text, rounded } = toDecimal(value)
    return { expression, result: text, unit, rounded }
  },
  summary({ expression, result, unit, rounded }) {
    const value = `${withSeparators(result)}${unit === null ? '' : ` ${unit}`}`
    return `${expression.replace(/\s*=\s*\??$/, '')} ${rounded ? '≈' : '='} ${value}${rounded ? ' (rounded)' : ''}`
  },
})
