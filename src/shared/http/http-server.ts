import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Refusal } from '../errors.ts';
import { HttpRefusal } from './http-refusal.ts';
import { problemDocument, problemOf } from './problem-details.ts';

/** Milliseconds. Answers may take as long as they like; requests may not. */
const LIMITS = {
  headersTimeout: 15_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 10_000,
  connectionsCheckingInterval: 2_000,
};

/** Deadlines for requests, and problem documents for what Node refuses before Nest sees it. Call before listening. */
export const boundServer = (server: Server, limits: Partial<typeof LIMITS> = {}): void => {
  // Node answers a missing Host by itself, without a body; refuseBrokenTargets does it with one.
  Object.assign(server, { ...LIMITS, ...limits, requireHostHeader: false });
  server.on('clientError', refuseUnreadable);
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    server.emit('request', request, response); // For refuseBrokenTargets; Node's own answer has no body.
  });
};

/** Stops listening, lets requests under way finish for at most `milliseconds`, then cuts what is left. */
export const drain = (server: Server, milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    const deadline = setTimeout(() => server.closeAllConnections(), milliseconds);
    server.close(() => {
      clearInterval(idle);
      clearTimeout(deadline);
      resolve();
    });
  });

/** Refuses a missing Host, an address that is not a plain path, and expectations nobody can meet. */
export const refuseBrokenTargets = (
  request: IncomingMessage,
  _response: ServerResponse,
  next: (error?: unknown) => void,
): void => {
  const { host, expect } = request.headers;
  const hasHost = host !== undefined || request.httpVersion === '1.0';
  if (!hasHost || request.url?.startsWith('/') !== true) {
    const detail = 'The request needs a Host header and an address that is a path.';
    next(new Refusal('invalid', 'bad-request', detail));
  } else if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    const detail = 'Only "Expect: 100-continue" is understood.';
    next(new HttpRefusal('expectation-failed', 'expectation-failed', detail));
  } else next();
};

const written = (error: unknown): { status: number; correlationId: string; body: string } => {
  const problem = problemOf(error);
  const correlationId = randomUUID();
  const body = JSON.stringify(problemDocument(problem, '/', correlationId));
  return { status: problem.status, correlationId, body };
};

const refusalOf = (code: string | undefined): Error => {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new HttpRefusal(
        'headers-too-large',
        'headers-too-large',
        'The headers are larger than crm-sync takes.',
      );
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new HttpRefusal('timeout', 'request-timeout', 'The request took too long to arrive.');
    default:
      return new Refusal('invalid', 'bad-request', 'This is not a request of HTTP/1.1.');
  }
};

const refuseUnreadable = (error: NodeJS.ErrnoException, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || !socket.writable || hasBegunToAnswer(socket)) {
    socket.destroy();
    return;
  }
  const { status, correlationId, body } = written(refusalOf(error.code));
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Correlation-Id: ${correlationId}`,
      'Cache-Control: no-store',
      'X-Content-Type-Options: nosniff',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
};

/** Node keeps the answer under way on the socket, under this name. */
const hasBegunToAnswer = (socket: Socket & { _httpMessage?: ServerResponse | null }): boolean =>
  socket._httpMessage?.headersSent === true;
