import http from 'node:http';
import https from 'node:https';
import { Socket } from 'node:net';
import { isAxiosError, type AxiosInstance, type AxiosRequestConfig, type AxiosResponse } from 'axios';
import { z } from 'zod';
import { parseJson, type Json } from './json.ts';
import { publicLookup } from './public-address.ts';
import type { Failure } from './refusals.ts';
import type { SimplyBookSettings } from './settings.ts';

const MOST_BYTES = 20 * 1024 * 1024;

export type HttpRequest = {
  method: 'GET' | 'POST' | 'DELETE';
  url: string;
  query?: Record<string, number | string>;
  headers?: Record<string, string>;
  body?: object;
};

/** What one request brought: an answer of whatever status, or the reason why there is none. */
export type Exchange =
  | {
      kind: 'answer';
      /** The HTTP status, or the error code that the body tells in its place (419 inside a 401, an error inside a 200). */
      status: number;
      /** Null when the body is no JSON, whatever its Content-Type says. */
      json: Json | null;
      /** The body's own words: only ever to be searched for known ones, never to be shown or logged. */
      says: string;
      retryAfter: string | null;
    }
  | { kind: 'failure'; why: Failure };

const MOST_WORDS = 2_000;

/** What an error body says of itself; a good answer has neither. */
const errorBody = z
  .object({
    code: z.coerce.number().int().min(400).max(599).nullable().catch(null),
    message: z.string().catch(''),
  })
  .catch({ code: null, message: '' });

const toExchange = ({ status, data, headers }: AxiosResponse<unknown>): Exchange => {
  const text = typeof data === 'string' ? data : '';
  const json = parseJson(text);
  const { code, message } = errorBody.parse(json?.value);
  const retryAfter: unknown = headers['retry-after'];
  return {
    kind: 'answer',
    status: status < 500 ? (code ?? status) : status,
    json,
    says: (json === null ? text : message).slice(0, MOST_WORDS),
    retryAfter: typeof retryAfter === 'string' ? retryAfter : null,
  };
};

const NOT_TRUSTED =
  /^(CERT_|ERR_TLS|ERR_SSL|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|EPROTO|HOSTNAME_MISMATCH|INVALID_CA)/;
const NO_CONNECTION =
  /^(ENOTFOUND|EAI_|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EACCES|ENOTPUBLIC|ECONNECTLATE)/;

const whyOf = (error: unknown): Failure => {
  if (!isAxiosError(error)) return 'broken-off';
  const code = error.code ?? '';
  if (error.message.startsWith('maxContentLength')) return 'too-big';
  if (NOT_TRUSTED.test(code)) return 'not-trusted';
  if (NO_CONNECTION.test(code)) return 'no-connection';
  return /^(Z_|HPE_)/.test(code) ? 'garbled' : 'broken-off';
};

/** `ok`, the status that tells why not, or why there is no answer. */
const outcomeOf = (exchange: Exchange): string => {
  if (exchange.kind === 'failure') return exchange.why;
  return exchange.status < 300 ? 'ok' : String(exchange.status);
};

/** Ends a socket that is not connected (and, for TLS, has not shaken hands) in time. */
const endUnless = (socket: Socket, event: 'connect' | 'secureConnect', ms: number): void => {
  const late = Object.assign(new Error('Not connected in time'), { code: 'ECONNECTLATE' });
  const timer = setTimeout(() => socket.destroy(late), ms);
  const done = (): void => clearTimeout(timer);
  socket.once(event, done).once('close', done);
};

/**
 * One request, one answer, within bounds: of time (connect, whole call), of bytes (also unpacked), of JSON depth. No
 * redirect is followed, no certificate is waved through. Never rejects but for an abort.
 */
export class BoundedHttp {
  readonly #axios: AxiosInstance;
  readonly #settings: SimplyBookSettings;
  readonly #noted: (outcome: string) => void;
  readonly #http = new http.Agent({ keepAlive: true });
  readonly #https = new https.Agent({ keepAlive: true, rejectUnauthorized: true });

  /** `reach`: only an address that the operator has set may lead into private networks. */
  constructor(
    axiosInstance: AxiosInstance,
    settings: SimplyBookSettings,
    reach: 'public' | 'anywhere',
    noted: (outcome: string) => void = () => undefined,
  ) {
    this.#axios = axiosInstance;
    this.#settings = settings;
    this.#noted = noted;
    const guard = reach === 'public' ? { lookup: publicLookup } : {};
    this.#bound(this.#http, 'connect', guard);
    this.#bound(this.#https, 'secureConnect', guard);
  }

  async exchange(request: HttpRequest, signal: AbortSignal): Promise<Exchange> {
    const exchange = await this.#exchange(request, signal);
    this.#noted(outcomeOf(exchange));
    return exchange;
  }

  async #exchange(request: HttpRequest, signal: AbortSignal): Promise<Exchange> {
    signal.throwIfAborted();
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), this.#settings.answerWithinMs);
    try {
      return toExchange(
        await this.#axios.request(this.#config(request, AbortSignal.any([signal, deadline.signal]))),
      );
    } catch (error) {
      signal.throwIfAborted();
      return { kind: 'failure', why: deadline.signal.aborted ? 'too-slow' : whyOf(error) };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes the connections that are kept alive. */
  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #config(request: HttpRequest, signal: AbortSignal): AxiosRequestConfig {
    return {
      method: request.method,
      url: request.url,
      params: request.query ?? {},
      headers: { accept: 'application/json', 'user-agent': 'crm-sync', ...request.headers },
      ...(request.body === undefined ? {} : { data: request.body }),
      signal,
      httpAgent: this.#http,
      httpsAgent: this.#https,
      // Plain http is the sandbox on loopback: a proxy of the environment has no business there.
      ...(request.url.startsWith('http:') ? { proxy: false as const } : {}),
      maxRedirects: 0,
      maxContentLength: MOST_BYTES,
      maxBodyLength: MOST_BYTES,
      responseType: 'text',
      transformResponse: (data: unknown) => data,
      validateStatus: () => true,
    };
  }

  #bound(agent: http.Agent, event: 'connect' | 'secureConnect', guard: object): void {
    const create = agent.createConnection.bind(agent);
    agent.createConnection = (options, callback) => {
      const socket = create({ ...options, ...guard }, callback);
      if (socket instanceof Socket) endUnless(socket, event, this.#settings.connectWithinMs);
      return socket;
    };
  }
}
