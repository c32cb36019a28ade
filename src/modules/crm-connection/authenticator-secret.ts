/** Base32 as apps show it: in groups, small or capital, padded or not; at least 80 bits. */
export const AUTHENTICATOR_SECRET = /^\s*[A-Za-z2-7](?:[\s-]*[A-Za-z2-7]){15,127}[\s=]*$/;

/** The letters alone, as RFC 4648 writes them. */
export const lettersOf = (secret: string): string => secret.replaceAll(/[\s=-]/g, '').toUpperCase();
