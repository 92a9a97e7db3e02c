export type Column<Row> = {
  title: string
  /** Null is shown as a dash. */
  of: (row: Row) => string | number | null
  /** Aligned by its end. */
  isNumber?: boolean
}

/** Lines of equal columns under their titles, without colours: fit for a terminal and for a file. */
export function toTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  if (rows.length === 0) return 'None.'
  const lines = [columns.map(({ title }) => title), ...rows.map((row) => columns.map(({ of }) => toCell(of(row))))]
  const widths = columns.map((_, index) => Math.max(...lines.map((cells) => widthOf(cells[index] ?? ''))))
  return lines.map((cells) => toLine(cells, columns, widths)).join('\n')
}

/** One a line: `name    ann`. */
export function toFields(fields: Readonly<Record<string, string | number | null>>): string {
  const width = Math.max(...Object.keys(fields).map(widthOf))
  return Object.entries(fields)
    .map(([name, value]) => `${name.padEnd(width)}  ${toCell(value)}`)
    .join('\n')
}

/** `2026-11-22 06:41:07`, of the world's clock. */
export function toTime(unixSec: number | null): string | null {
  return unixSec === null ? null : new Date(unixSec * 1000).toISOString().slice(0, 19).replace('T', ' ')
}

function toLine<Row>(cells: readonly string[], columns: readonly Column<Row>[], widths: readonly number[]): string {
  const padded = cells.map((cell, index) => {
    const blanks = ' '.repeat((widths[index] ?? 0) - widthOf(cell))
    return columns[index]?.isNumber === true ? blanks + cell : cell + blanks
  })
  return padded.join('  ').trimEnd()
}

// What callers have named may not steer the terminal, nor seem to be another line.
const toCell = (value: string | number | null) =>
  value === null || value === '' ? '-' : String(value).replaceAll(/\p{C}/gu, '\uFFFD')

const widthOf = (text: string) => [...text].length
