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
    context_length: z.int().min(1).meta({ description: 'Tokens of prompt and answer together.' }),
  })
  .meta({ id: 'Model' })

export const ModelList = z.object({ object: z.literal('list'), data: z.array(ModelRow) }).meta({ id: 'ModelList' })

export const Health = z.object({ status: z.literal('ok') }).meta({ id: 'Health' })

const Part = z.object({
  id: z.string(),
  backend: z.string().optional().meta({ description: 'What serves the model.' }),
  status: z.enum(['ok', 'down']),
  detail: z.string().optional().meta({ description: 'What to do about it.' }),
})

export const ReadyReply = z
  .object({ status: z.enum(['ready', 'not_ready']), models: z.array(Part), chains: z.array(Part) })
  .meta({ id: 'Readiness' })

export const Welcome = z
  .object({
    name: z.literal('groundwire'),
    about: z.string(),
    routes: z.record(z.string(), z.string()),
    authentication: z.string(),
    docs: z.string(),
  })
  .meta({ id: 'Welcome' })
