import { expect, test } from 'vitest'
import { testDatabaseUrl } from '../../test/support/database.ts'
import { createPatientPool, createPool } from './create-pool.ts'

test.each([
  ['for short statements', createPool],
  ['for work that takes its time', createPatientPool],
])(
  'a connection that breaks while it is held, with no statement on its way, does not end the process: a pool %s',
  async (_, create) => {
    const url = await testDatabaseUrl()
    const pool = create(url)
    const other = createPool(url)
    const held = await pool.connect()
    const { rows } = await held.query<{ pid: number }>('select pg_backend_pid() as pid')
    await other.query('select pg_terminate_backend($1)', [rows[0]?.pid])
    await expect
      .poll(() =>
        held.query('select 1').then(
          () => 'answered',
          () => 'broken',
        ),
      )
      .toBe('broken')
    held.release(true)
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await Promise.all([pool.end(), other.end()])
  },
)
