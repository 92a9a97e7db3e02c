import { z } from 'zod'

export const count = z.int().min(0)
export const unixSeconds = count.meta({ description: 'Unix time in seconds.' })
