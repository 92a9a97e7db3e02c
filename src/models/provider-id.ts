/**
 * Parts `provider:model`. Either may hold colons and slashes, so the longest of the known ids that stands before a colon is
 * the provider's. Undefined where none does.
 */
export function splitProviderId(
  text: string,
  ids: Iterable<string>,
): { provider: string; modelName: string } | undefined {
  let longest: string | undefined
  for (const id of ids) {
    const isLonger = longest === undefined || id.length > longest.length
    if (isLonger && text.length > id.length + 1 && text[id.length] === ':' && text.startsWith(id)) longest = id
  }
  return longest === undefined ? undefined : { provider: longest, modelName: text.slice(longest.length + 1) }
}
