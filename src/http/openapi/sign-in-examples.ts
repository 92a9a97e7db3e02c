const WALLET = '0xd8da6bf26964af9d7eed9e03e53415d37aa96045'
const NONCE = '5f1d7c2a9be04863a1c7d9e25b08f36d'
const CREATED_AT = 1_767_225_600

export const SIGN_IN_NONCE = {
  nonce: NONCE,
  expires_at: CREATED_AT + 300,
  domain: 'gateway.example',
  uri: 'https://gateway.example',
  chain_ids: [1, 8453],
  statement: 'Sign in to this gateway. It costs nothing and sends no transaction.',
}

export const SIGN_IN_MESSAGE = {
  message: [
    'gateway.example wants you to sign in with your Ethereum account:',
    '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045',
    '',
    SIGN_IN_NONCE.statement,
    '',
    'URI: https://gateway.example',
    'Version: 1',
    'Chain ID: 1',
    `Nonce: ${NONCE}`,
    'Issued At: 2026-01-01T00:00:00.000Z',
    'Expiration Time: 2026-01-01T00:05:00.000Z',
  ].join('\n'),
  nonce: NONCE,
  expires_at: SIGN_IN_NONCE.expires_at,
}

export const WALLET_SESSION = {
  object: 'session',
  wallet: WALLET,
  chain_id: 1,
  created_at: CREATED_AT,
  expires_at: CREATED_AT + 3_600,
}

export const NEW_WALLET_SESSION = {
  token: 'gws_Jx3qTz8mVb1LkYw6RdPcN0sHfUe5aGi2oQy9XtB4uK7',
  token_type: 'Bearer',
  ...WALLET_SESSION,
}

export const ENDED_WALLET_SESSION = { object: 'session', wallet: WALLET, deleted: true }
