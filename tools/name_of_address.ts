import { addressOrName, defineTool, EnsError, primaryName, resolvedAddress, z } from '../src/toolkit.ts'

export default defineTool({
  name: 'name_of_address',
  description: 'The primary ENS name of an address (reverse lookup), verified to point back to it.',
  input: z.object({ address: addressOrName }),
  output: z.object({
    address: resolvedAddress,
    name: z.string().nullable(),
    status: z.enum(['verified', 'not set', 'claim refused']),
  }),
  examples: [
    { ask: 'what is the ens name of {address}?' },
    { ask: 'what name does {address} have?' },
    { ask: 'who is {address}?' },
    { ask: 'which ens name belongs to {address}?' },
    { ask: 'what is the primary name of {address}?' },
    { ask: 'reverse lookup of {address}' },
    { ask: 'ens name for {address}' },
    { ask: 'whose address is {address}?' },
  ],
  notes: [
    'The owner of an address chooses its primary name, so it does not prove who they are. An address without one may still be pointed to by names.',
  ],
  async execute({ address }, context) {
    try {
      const name = await primaryName(context.chain('ethereum'), address.hex)
      return { address, name, status: name === null ? ('not set' as const) : ('verified' as const) }
    } catch (error) {
      if (error instanceof EnsError && error.kind === 'not_verified')
        return { address, name: null, status: 'claim refused' as const }
      throw error
    }
  },
  summary({ address, name, status }) {
    if (name !== null) return `${address.hex} goes by the ENS name ${name}.`
    return status === 'not set'
      ? `${address.label} has no primary ENS name.`
      : `${address.label} claims an ENS name that points elsewhere, so it has no verified name.`
  },
})
