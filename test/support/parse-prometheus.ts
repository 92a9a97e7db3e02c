export type Sample = { name: string; labels: Record<string, string>; value: number }

/**
 * The samples of a scrape in Prometheus' text format 0.0.4.
 * @throws for what that format does not allow: a sample without its HELP and TYPE, a series told twice, broken quotes, a
 * histogram whose buckets go down or do not end in its count.
 */
export function parsePrometheus(text: string): Sample[] {
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  const types = new Map<string, string>()
  const helped = new Set<string>()
  const seen = new Set<string>()
  const samples: Sample[] = []
  for (const line of text.split('\n')) {
    if (line === '') continue
    const help = /^# HELP ([a-zA-Z_:][\w:]*) .+$/.exec(line)?.[1]
    if (help !== undefined) {
      if (helped.has(help)) throw new Error(`HELP twice: ${line}`)
      helped.add(help)
      continue
    }
    const [, typed, type] = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line) ?? []
    if (typed !== undefined && type !== undefined) {
      if (types.has(typed) || !helped.has(typed)) throw new Error(`TYPE twice, or before HELP: ${line}`)
      types.set(typed, type)
      continue
    }
    const sample = parseSample(line)
    const family = sample.name.replace(/_(bucket|sum|count)$/, '')
    if (!types.has(sample.name) && types.get(family) !== 'histogram') throw new Error(`no TYPE: ${line}`)
    const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()])
    if (seen.has(key)) throw new Error(`a series twice: ${line}`)
    seen.add(key)
    samples.push(sample)
  }
  checkHistograms(samples, types)
  return samples
}

function parseSample(line: string): Sample {
  const [, name, inBraces, value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
  if (name === undefined || value === undefined) throw new Error(`no sample: ${line}`)
  if (!/^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|[+-]inf)$/i.test(value)) throw new Error(`no value: ${line}`)
  const labels: Record<string, string> = {}
  let rest = inBraces ?? ''
  while (rest !== '') {
    const [all, label, text] = /^([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/.exec(rest) ?? []
    if (all === undefined || label === undefined || text === undefined) throw new Error(`broken labels: ${line}`)
    if (label in labels) throw new Error(`a label twice: ${line}`)
    labels[label] = text
    rest = rest.slice(all.length)
  }
  return { name, labels, value: /inf/i.test(value) ? Number.POSITIVE_INFINITY : Number(value) }
}

function checkHistograms(samples: readonly Sample[], types: ReadonlyMap<string, string>): void {
  const last = new Map<string, number>()
  const toKey = (family: string, { le: _, ...labels }: Record<string, string>) =>
    JSON.stringify([family, Object.entries(labels).sort()])
  for (const { name, labels, value } of samples) {
    const family = name.replace(/_(bucket|count)$/, '')
    if (family === name || types.get(family) !== 'histogram') continue
    const key = toKey(family, labels)
    const before = last.get(key) ?? 0
    if (name.endsWith('_bucket') && value < before) throw new Error(`buckets of ${key} go down`)
    if (name.endsWith('_count') && value !== before) throw new Error(`the last bucket of ${key} is not its count`)
    last.set(key, value)
  }
}
