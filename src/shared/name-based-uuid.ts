import { hash } from 'node:crypto';

/** Always the same for the same name: a UUID made of its SHA-256 (RFC 9562 version 8). */
export const nameBasedUuid = (name: string): string => {
  const hex = hash('sha256', name);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
};
