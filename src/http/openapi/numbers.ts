import { z } from 'zod'

export const count = z.int().min(0)
export const unixSeconds = count.meta({ description: 'Unix time in seconds.' })
export const creditDigits = z.string().regex(/^\d+(\.\d{1,6})?$/)
export const credits = creditDigits.meta({ description: 'Credits, as an exact decimal text.' })
