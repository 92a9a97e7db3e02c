import { toStoreError } from './store-error.ts'

/** The same methods, which tell of a store that is away in words for a caller. */
export function withStoreErrors<Methods extends Record<string, (...args: never[]) => Promise<unknown>>>(
  methods: Methods,
): Methods {
  const telling = Object.entries(methods).map(([name, method]) => [
    name,
    (...args: never[]) =>
      method(...args).catch((thrown: unknown) => {
        throw toStoreError(thrown)
      }),
  ])
  return Object.fromEntries(telling) as Methods
}
