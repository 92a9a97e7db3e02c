import { runAdmin } from './admin/run-admin.ts'

process.exitCode = await runAdmin({
  args: process.argv.slice(2),
  env: process.env,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
})
