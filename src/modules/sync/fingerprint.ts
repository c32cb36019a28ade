import { hash } from 'node:crypto';
import type { ClientValues } from './contract.ts';

/** Equal for two versions of a client exactly when every value we take is equal. 32 bytes, base64. */
export const fingerprint = ({ name, email, phone }: ClientValues): string =>
  hash('sha256', JSON.stringify([name, email, phone]), 'base64');
