const SUM = {
  runs: 12,
  prompt_tokens: 23_172,
  cached_tokens: 12_288,
  completion_tokens: 756,
  tool_calls: 9,
  charged: '0.025284',
  written_off: '0',
  estimated_runs: 1,
}

export const USAGE = {
  object: 'usage',
  from: '2026-01-01',
  to: '2026-01-31',
  group_by: ['day', 'model'],
  org_id: null,
  total: SUM,
  data: [{ day: '2026-01-01', model: 'operator', ...SUM }],
}

export const USAGE_BY_KEY = {
  ...USAGE,
  group_by: ['key'],
  org_id: 'org_k3v9q2m8x4t7b1zc',
  data: [{ key_id: 'key_7k2m9q4x8t3v1bzc', key_name: 'laptop', ...SUM }],
}

export const USAGE_CSV =
  'day,model,runs,prompt_tokens,cached_tokens,completion_tokens,tool_calls,charged,written_off,estimated_runs\r\n' +
  '2026-01-01,operator,12,23172,12288,756,9,0.025284,0,1\r\n'
