import { promisify } from 'node:util';
import { isNativeError } from 'node:util/types';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { Refusal } from '../errors.ts';
import type { EdgeRequest } from './edge-request.ts';
import { HttpRefusal } from './http-refusal.ts';
import { flawsOf, nestsDeeperThan } from './json-text.ts';

/** Bytes, before and after decompression. A route may ask for more by `@BodyLimit(bytes)`. */
export const BODY_LIMIT = 102_400;
const MOST_DISCARDED = 16_777_216;
/** Levels of arrays and objects. Node parses thousands, but cannot write or copy them again. */
export const JSON_DEPTH = 32;

const DECOMPRESS = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/**
 * The body of a request, or null when there is none. Of a key that comes twice the last one counts (RFC 8259 leaves it
 * open); a byte order mark is skipped. Nothing of the body is quoted in a refusal.
 */
export const readJsonBody = async (
  request: EdgeRequest,
  limit: number,
): Promise<{ bytes: Buffer; value: unknown } | null> => {
  if (!hasBody(request)) return null;
  try {
    refuseOtherTypes(request.headers['content-type']);
    const bytes = await decompressed(await readAll(request, limit), request, limit);
    return bytes.length === 0 ? null : { bytes, value: parseJson(bytes) };
  } catch (error) {
    discardRest(request);
    throw error;
  }
};

/** The body whatever it is and is said to be; empty when there is none. */
export const readAnyBody = async (request: EdgeRequest, limit: number): Promise<Buffer> => {
  try {
    return hasBody(request)
      ? await decompressed(await readAll(request, limit), request, limit)
      : Buffer.alloc(0);
  } catch (error) {
    discardRest(request);
    throw error;
  }
};

/** Reads on for a while, so that the sender gets to see the answer; hangs up on who never ends. */
const discardRest = (request: EdgeRequest): void => {
  let left = MOST_DISCARDED;
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.destroy();
  });
};

const hasBody = ({ headers }: EdgeRequest): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

const refuseOtherTypes = (header = ''): void => {
  const [type = '', ...parameters] = header.toLowerCase().split(';');
  const charset = parameters
    .map((parameter) => /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/.exec(parameter)?.[1])
    .find((value) => value !== undefined);
  if (type.trim() !== 'application/json' || !['utf-8', 'utf8', undefined].includes(charset)) {
    throw new HttpRefusal(
      'unsupported-media-type',
      'unsupported-media-type',
      'The body must be JSON in UTF-8: send it with "Content-Type: application/json".',
      { Accept: 'application/json' },
    );
  }
};

const tooLarge = (limit: number): HttpRefusal =>
  new HttpRefusal('content-too-large', 'content-too-large', `The body must have at most ${limit} bytes.`);

const readAll = async (request: EdgeRequest, limit: number): Promise<Buffer> => {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > limit) break;
    }
  } catch {
    throw new Refusal('invalid', 'body-incomplete', 'The connection ended before the body was complete.');
  }
  if (length > limit) throw tooLarge(limit);
  return Buffer.concat(chunks);
};

const decompressed = async (bytes: Buffer, request: EdgeRequest, limit: number): Promise<Buffer> => {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || bytes.length === 0) return bytes;
  if (!isKnown(encoding)) {
    throw new HttpRefusal(
      'unsupported-media-type',
      'unsupported-content-encoding',
      'The body may be compressed by gzip, deflate or br, once.',
      { 'Accept-Encoding': 'gzip, deflate, br' },
    );
  }
  try {
    return await DECOMPRESS[encoding](bytes, { maxOutputLength: limit });
  } catch (error) {
    if (isNativeError(error) && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE')
      throw tooLarge(limit);
    throw new Refusal(
      'invalid',
      'malformed-body',
      'The body cannot be decompressed as its Content-Encoding says.',
    );
  }
};

const isKnown = (encoding: string): encoding is keyof typeof DECOMPRESS =>
  Object.hasOwn(DECOMPRESS, encoding);

const parseJson = (bytes: Buffer): unknown => {
  const text = decode(bytes);
  if (nestsDeeperThan(text, JSON_DEPTH)) {
    const detail = `The body is nested too deeply: ${JSON_DEPTH} levels of arrays and objects are the most.`;
    throw new Refusal('invalid', 'json-too-deep', detail);
  }
  const value = parse(text);
  const errors = flawsOf(value);
  if (errors.length > 0) {
    throw new Refusal(
      'invalid',
      'invalid-request',
      'The body has parts that cannot be taken: see "errors".',
      { errors },
    );
  }
  return value;
};

const decode = (bytes: Buffer): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Refusal('invalid', 'malformed-body', 'The body is not valid UTF-8.');
  }
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // V8's message quotes the text, which can hold a password.
    throw new Refusal('invalid', 'malformed-json', 'The body is not valid JSON.');
  }
};
