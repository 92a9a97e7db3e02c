import { z } from 'zod'

/** Every error of every route. */
export const ErrorReply = z
  .object({
    error: z.object({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable().meta({ description: 'The field at fault.' }),
      code: z.string().nullable().meta({ description: 'For programs to act on.' }),
    }),
    details: z.string().optional().meta({ description: 'Values that explain the error.' }),
  })
  .meta({ id: 'Error' })

/** One row of `GET /v1/models`. */
export const ModelRow = z
  .object({
    id: z.string(),
    object: z.literal('model'),
    created: z.int().min(0),
    owned_by: z.literal('groundwire'),
    context_length: z
      .int()
      .min(1)
      .optional()
      .meta({ description: 'Tokens of prompt and answer together, where known.' }),
    price: z
      .object({
        prompt_per_million: z.int().min(0),
        completion_per_million: z.int().min(0),
        cached_per_million: z.int().min(0).optional().meta({ description: 'Of prompt tokens that need no new work.' }),
        per_run: z.int().min(0).optional(),
      })
      .optional()
      .meta({ description: 'Micro-credits: per million tokens, and per run.' }),
  })
  .meta({ id: 'Model' })

export const ModelList = z.object({ object: z.literal('list'), data: z.array(ModelRow) }).meta({ id: 'ModelList' })

export const Health = z.object({ status: z.literal('ok') }).meta({ id: 'Health' })

const PartHealth = {
  status: z.enum(['ok', 'down']),
  detail: z.string().optional().meta({ description: 'What to do about it, or to expect.' }),
}
const Part = z.object({ id: z.string(), ...PartHealth })
const BackendPart = z.object({ backend: z.string(), ...PartHealth })
const ModelPart = Part.extend({
  backend: z.string().optional().meta({ description: 'What serves the model.' }),
  backends: z.array(BackendPart).optional().meta({ description: 'Each of them, where it has several.' }),
})

export const ReadyReply = z
  .object({
    status: z.enum(['ready', 'not_ready']),
    models: z.array(ModelPart),
    chains: z.array(Part),
    runs: z.array(Part).meta({ description: 'Where runs are kept and queued.' }),
    deposits: z
      .array(Part)
      .optional()
      .meta({ description: 'The look for deposits, by chain; absent where there is none.' }),
  })
  .meta({ id: 'Readiness' })

export const Welcome = z
  .object({
    name: z.literal('groundwire'),
    about: z.string(),
    mode: z.enum(['free', 'paid']).meta({ description: 'Whether answers are charged.' }),
    routes: z.record(z.string(), z.string()),
    authentication: z.string(),
    docs: z.string(),
  })
  .meta({ id: 'Welcome' })
