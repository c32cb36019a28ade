type Said = [said: string, advice: string];

const RESTARTED: Said = ['The connection broke to', 'Ask again: the service may have been restarted.'];
const NO_TLS: Said = ['There is no https at', 'Say http:// with --url.'];
const STRANGER: Said = ['The certificate is not trusted of', 'Name its authority with NODE_EXTRA_CA_CERTS.'];
const UNKNOWN: Said = ['Nobody knows the host of', 'Say with --url where the service is.'];
const NO_HTTP: Said = ['What answers speaks no HTTP at', 'Say with --url where the service is.'];
const NOBODY: Said = [
  'Nobody answers at',
  'Start the service with npm start, or say with --url where it is.',
];

/** By the code that the system, the parser of HTTP or the TLS library gives. */
const REASONS: Record<string, Said> = {
  ENOTFOUND: UNKNOWN,
  EAI_AGAIN: UNKNOWN,
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
  SELF_SIGNED_CERT_IN_CHAIN: STRANGER,
  DEPTH_ZERO_SELF_SIGNED_CERT: STRANGER,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: STRANGER,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: STRANGER,
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'The certificate is for another name than that of',
    'Say with --url the name it is for.',
  ],
  CERT_NOT_YET_VALID: ['The certificate is not valid yet of', 'Set the clock of this machine.'],
  CERT_HAS_EXPIRED: ['The certificate has expired of', 'Renew it.'],
  UND_ERR_SOCKET: RESTARTED,
  ECONNRESET: RESTARTED,
  HTTPParserError: NO_HTTP,
};

/** Of what is no HTTP there is a name only. */
const codeOf = (error: unknown): string => {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return '';
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
};

/** Why no answer came from this address, and what to do. */
export const saidOf = (url: string, error: unknown): Said => {
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return [`Nothing was answered in time by ${url}.`, 'See whether the service is well: its log says more.'];
  const code = codeOf(error);
  const [said, advice] = REASONS[code] ?? NOBODY;
  return [`${said} ${url}.`, advice];
};
