// Pays for credits by x402, and prints what came of it:
//   PRIVATE_KEY=0x… API_KEY=gw_… node docs/examples/pay.mjs 0.5 http://127.0.0.1:8787
import { x402Client, x402HTTPClient } from '@x402/core/client'
import { ExactEvmScheme } from '@x402/evm/exact/client'
import { privateKeyToAccount } from 'viem/accounts'

const [amount = '0.5', gateway = 'http://127.0.0.1:8787'] = process.argv.slice(2)
const wallet = privateKeyToAccount(process.env.PRIVATE_KEY)
const payer = new x402HTTPClient(
  x402Client.fromConfig({ schemes: [{ network: 'eip155:*', client: new ExactEvmScheme(wallet) }] }),
)

const asked = await post()
const required = payer.getPaymentRequiredResponse((name) => asked.headers.get(name))
const [offer] = required.accepts
console.log(`asked for  ${Number(offer.amount) / 1e6} USDC on ${offer.network}`)
const payment = await payer.createPaymentPayload(required)
const paid = await post(payer.encodePaymentSignatureHeader(payment))
console.log(JSON.stringify(await paid.json(), null, 2))

function post(headers = {}) {
  return fetch(`${gateway}/v1/account/topups/x402`, {
    method: 'POST',
    headers: { authorization: `Bearer ${process.env.API_KEY}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ amount }),
  })
}
