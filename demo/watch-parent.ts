import { readFileSync } from 'node:fs'

/**
 * Calls back when what started this process is gone: npm killed with SIGKILL passes nothing on, and a demo that nobody
 * can see would keep its port. Polls, since no platform tells.
 */
export function watchParent(onGone: () => void, intervalMs = 500): void {
  const before = ancestors()
  const timer = setInterval(() => {
    if (ancestors() === before) return
    clearInterval(timer)
    onGone()
  }, intervalMs)
  timer.unref()
}

/** The parent and its parent: npm starts scripts through a shell, which outlives it. */
function ancestors(): string {
  return `${process.ppid} ${parentOf(process.ppid)}`
}

/** Linux alone tells it cheaply; on other platforms the shell makes way for the script. */
function parentOf(pid: number): string {
  try {
    // The name in brackets may hold spaces and brackets: proc_pid_stat(5).
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1] ?? ''
  } catch {
    return ''
  }
}
