import { parseNewVoucher } from '../../src/http/admin/vouchers.ts'
import { toWireNewVoucher, toWireVoucher, type WireVoucher } from '../../src/http/admin/wire-voucher.ts'
import { CLI } from './actor.ts'
import type { Command } from './command.ts'
import { parseAmount } from './input.ts'
import { listCommand } from './list-command.ts'
import { toFields, toTime } from './table.ts'

const createVoucher: Command = {
  name: 'vouchers create',
  takes: ['amount'],
  says: 'a code that whoever has it turns into credits',
  options: {
    uses: { takes: '10', says: 'accounts that may take it, each once; 1 where unset' },
    expires: { takes: '30d', says: 'nobody takes it after that' },
    note: { takes: 'text', says: 'what it is for' },
  },
  async run(desk, input) {
    parseAmount(input.arg('amount'))
    const order = parseNewVoucher({
      amount: input.arg('amount'),
      max_uses: input.integer('uses'),
      expires_in: input.seconds('expires'),
      note: input.text('note'),
    })
    const made = toWireNewVoucher(await desk.createVoucher(order, CLI))
    return { json: made, text: toText(made), secret: made.code }
  },
}

const listVouchers = listCommand({
  name: 'vouchers list',
  says: 'vouchers, the latest first',
  columns: [
    { title: 'voucher', of: ({ id }) => id },
    { title: 'begins', of: ({ hint }) => hint },
    { title: 'amount', of: ({ amount }) => amount, isNumber: true },
    { title: 'taken', of: ({ uses, max_uses }) => `${uses} of ${max_uses}`, isNumber: true },
    { title: 'expires', of: ({ expires_at }) => toTime(expires_at) },
    { title: 'revoked', of: ({ revoked_at }) => toTime(revoked_at) },
    { title: 'note', of: ({ note }) => note },
  ],
  toRow: toWireVoucher,
  read: (desk, page) => desk.listVouchers(page),
})

const revokeVoucher: Command = {
  name: 'vouchers revoke',
  takes: ['voucher'],
  says: 'ends a voucher; what was taken stays',
  options: {},
  async run(desk, input) {
    const voucher = toWireVoucher(await desk.revokeVoucher(input.arg('voucher'), CLI))
    return { json: voucher, text: toText(voucher) }
  },
}

export const VOUCHER_COMMANDS = [createVoucher, listVouchers, revokeVoucher]

function toText({ id, amount, uses, max_uses, expires_at, revoked_at, note }: WireVoucher): string {
  return toFields({
    voucher: id,
    amount,
    taken: `${uses} of ${max_uses}`,
    expires: expires_at === null ? 'never' : toTime(expires_at),
    ...(revoked_at !== null && { revoked: toTime(revoked_at) }),
    note,
  })
}
