// Signs in with a wallet, by EIP-4361, and prints the token of its session:
//   PRIVATE_KEY=0x… node docs/examples/sign-in.mjs http://127.0.0.1:8787
import { privateKeyToAccount } from 'viem/accounts'

const gateway = process.argv[2] ?? 'http://127.0.0.1:8787'
const wallet = privateKeyToAccount(process.env.PRIVATE_KEY)

const { message } = await post('/auth/siwe/message', { address: wallet.address })
const signature = await wallet.signMessage({ message })
const { token } = await post('/auth/siwe/verify', { message, signature })
console.log(token)

async function post(path, body) {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(gateway + path, { method: 'POST', headers, body: JSON.stringify(body) })
  const reply = await response.json()
  if (!response.ok) throw new Error(reply.error.message)
  return reply
}
