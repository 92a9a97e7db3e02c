/** The last complaints among what the server's programs printed, in four lines at most. */
export function toReason(printed: string): string {
  const lines = printed.trim().split('\n')
  const complaints = lines.filter((line) => /FATAL|PANIC|HINT|DETAIL|error/.test(line))
  return (complaints.length > 0 ? complaints : lines).slice(-4).join('\n') || 'it said nothing. Is the disk full?'
}
