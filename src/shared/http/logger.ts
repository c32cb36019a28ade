import { isNativeError } from 'node:util/types';
import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import type { HttpLogger } from 'pino-http';
import pretty from 'pino-pretty';
import type { EdgeRequest, EdgeResponse } from './edge-request.ts';
import { safeError } from './safe-error.ts';

/** What a line may hold beside its text. Anything else is left out: a log must not become a copy of the data. */
const LOGGABLE = new Set([
  'actor',
  'application',
  'attempt',
  'code',
  'connectionId',
  'context',
  'correlationId',
  'count',
  'job',
  'method',
  'ms',
  'phase',
  'pid',
  'position',
  'reason',
  'role',
  'route',
  'runId',
  'seconds',
  'signal',
  'since',
  'status',
  'version',
]);
const LONGEST_VALUE = 200;
/** Where Nest tells about its own start. */
const CHATTY = new Set([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
]);
const INFO = 30;

const loggable = (fields: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]): [string, unknown][] => {
      if (key === 'err') return [[key, safeError(value)]];
      if (!LOGGABLE.has(key)) return [];
      if (typeof value === 'string') return [[key, value.slice(0, LONGEST_VALUE)]];
      return typeof value === 'number' || typeof value === 'boolean' ? [[key, value]] : [];
    }),
  );

/** What pino gets to see of a call: never an error, whose message it would take for the text of the line. */
const cleaned = (first: unknown, text: unknown): [object, string?] => {
  if (typeof first === 'string') return [{}, first];
  const fields = isNativeError(first) ? { err: first } : first;
  const kept = typeof fields === 'object' && fields !== null ? loggable(fields) : {};
  return typeof text === 'string' ? [kept, text] : [kept];
};

const terminal = (): DestinationStream => pretty({ singleLine: true, sync: true, ignore: 'pid,hostname' });

/** JSON lines on stdout, or readable ones on a terminal. Level: pino's names. */
export const createLogger = (level: string, stream?: DestinationStream): Logger =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      hooks: {
        logMethod([first, text], method, level) {
          const line = cleaned(first, text);
          const context: unknown = Reflect.get(line[0], 'context');
          const isChatter = level === INFO && typeof context === 'string' && CHATTY.has(context);
          if (isChatter) this.debug(...line);
          else method.apply(this, line);
        },
      },
    },
    stream ?? (process.stdout.isTTY ? terminal() : pino.destination({ fd: 1, sync: true })),
  );

/** The pattern of the route that answered, so that ids and tokens in addresses stay out of the log. */
export const routeOf = ({ route }: EdgeRequest): string =>
  typeof route?.path === 'string' && !route.path.includes('*') ? route.path : 'none';

const requestLine = (request: EdgeRequest, response: EdgeResponse, ms: number): object => ({
  method: request.method,
  route: routeOf(request),
  ...(response.writableEnded && { status: response.statusCode }),
  ms,
});

const levelOf = (request: EdgeRequest, response: EdgeResponse): 'debug' | 'info' | 'warn' => {
  if (response.statusCode >= 500) return 'warn';
  return routeOf(request).startsWith('/health/') ? 'debug' : 'info';
};

/** One line per request when it is over, and `request.log` for what is logged meanwhile. */
export const requestLog = (logger: Logger): HttpLogger<EdgeRequest> =>
  pinoHttp<EdgeRequest>({
    logger,
    wrapSerializers: false,
    genReqId: ({ correlationId }) => correlationId,
    quietReqLogger: true,
    quietResLogger: true,
    customAttributeKeys: { reqId: 'correlationId', responseTime: 'ms' },
    customLogLevel: levelOf,
    customSuccessObject: (request, response, { ms }) => requestLine(request, response, Number(ms)),
    customErrorObject: (request, response, _error, { ms }) => requestLine(request, response, Number(ms)),
    customSuccessMessage: (_request, response) => (response.writableEnded ? 'request' : 'request aborted'),
    customErrorMessage: () => 'request',
  });
