import type { NodeError } from './node-error.ts'

/** Which of `size` nodes to ask, best first. Nodes go by their place in the list, the order of preference. */
export type NodeHealth = {
  /** Nodes in good standing, then those benched; a node on another chain is left out while its bench lasts. */
  order(): readonly number[]
  isBenched(node: number): boolean
  bench(node: number, fault: NodeError): void
  unbench(node: number): void
  /** Why nodes are left out of `order()`. */
  leftOut(): readonly NodeError[]
}

export function createNodeHealth({ size, now }: { size: number; now: () => number }): NodeHealth {
  const benches = new Map<number, { fault: NodeError; until: number }>()
  const nodes = Array.from({ length: size }, (_, node) => node)
  const isBenched = (node: number) => (benches.get(node)?.until ?? 0) > now()
  const isLeftOut = (node: number) => isBenched(node) && benches.get(node)?.fault.kind === 'wrong_chain'

  return {
    order: () => [
      ...nodes.filter((node) => !isBenched(node)),
      ...nodes.filter((node) => isBenched(node) && !isLeftOut(node)),
    ],
    isBenched,
    bench(node, fault) {
      if (fault.benchMs > 0) benches.set(node, { fault, until: now() + fault.benchMs })
    },
    unbench(node) {
      benches.delete(node)
    },
    leftOut: () => nodes.filter(isLeftOut).flatMap((node) => benches.get(node)?.fault ?? []),
  }
}
