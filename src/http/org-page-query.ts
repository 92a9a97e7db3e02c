import { z } from 'zod'
import { PAGE_FIELDS, plainText } from './account-fields.ts'

/** A page of the caller's own, or of an org's, by its id or slug. */
export const OrgPageQuery = z.strictObject({ ...PAGE_FIELDS, org: plainText(64).optional() })
