import { addressOrName, defineTool, resolvedAddress, z } from '../src/toolkit.ts'

export default defineTool({
  name: 'resolve_name',
  description:
    'The address that an ENS name points to. Other tools take names directly; use this when the address itself is asked for.',
  input: z.object({ name: addressOrName.describe('An ENS name such as vitalik.eth') }),
  output: z.object({ address: resolvedAddress }),
  examples: [
    { ask: 'what is the address of {name}?' },
    { ask: 'what address does {name} resolve to?' },
    { ask: 'resolve {name}' },
    { ask: 'where does {name} point?' },
    { ask: "what is {name}'s wallet address?" },
    { ask: 'look up the ens name {name}' },
  ],
  notes: [
    'Names are resolved on ethereum mainnet. A name points wherever its owner sets it, and can be changed at any time.',
  ],
  execute: async ({ name }) => ({ address: name }),
  summary: ({ address }) =>
    address.name === null ? `${address.hex} is an address already.` : `${address.name} resolves to ${address.hex}.`,
})
