import type { z } from 'zod'

/** The same object, with a sentence on each of these fields. */
export function withNotes<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  notes: { [Name in keyof Shape]?: string },
): z.ZodObject<Shape> {
  const noted = Object.entries(notes).map(([name, description]) => {
    const field = schema.shape[name] as z.ZodType
    return [name, field.meta({ ...field.meta(), description: String(description) })]
  })
  return schema.extend(Object.fromEntries(noted)) as unknown as z.ZodObject<Shape>
}
