import type { EdgeRequest, EdgeResponse } from './edge-request.ts';
import { pathOf } from './edge-request.ts';
import { HttpRefusal } from './http-refusal.ts';

/** As much of Express's router as is needed to ask which methods a path has. */
export type RouteTable = {
  stack: Layer[];
};
type Layer = {
  route?: { path: unknown; methods: Record<string, boolean> };
  match: (path: string) => unknown;
};

/** A "route" for more methods than this is middleware that Nest mounted for all of them. */
const MOST_METHODS = 9;

const methodsOf = ({ route }: Layer): string[] => Object.keys(route?.methods ?? {});

const isRoute = (layer: Layer): boolean =>
  methodsOf(layer).length > 0 && methodsOf(layer).length <= MOST_METHODS;

/** An address that a route spells out is not also the id in another one's. */
const methodsAt = (table: RouteTable, path: string): Set<string> => {
  const found = table.stack.filter((layer) => isRoute(layer) && matches(layer, path));
  const literal = found.filter(({ route }) => route?.path === path);
  const methods = new Set(
    (literal.length > 0 ? literal : found).flatMap(methodsOf).map((method) => method.toUpperCase()),
  );
  if (methods.has('GET')) methods.add('HEAD');
  if (methods.size > 0) methods.add('OPTIONS');
  return methods;
};

/** A path with a broken percent-encoding matches nothing. */
const matches = (layer: Layer, path: string): boolean => {
  try {
    return Boolean(layer.match(path));
  } catch {
    return false;
  }
};

/** Refuses a method that a known path does not have, and answers OPTIONS. Unknown paths are left to Nest's 404. */
export const knownMethods =
  (table: () => RouteTable) =>
  (request: EdgeRequest, response: EdgeResponse, next: (error?: unknown) => void): void => {
    const methods = methodsAt(table(), pathOf(request));
    const allow = [...methods].toSorted().join(', ');
    if (methods.size === 0 || (methods.has(request.method) && request.method !== 'OPTIONS')) {
      next();
    } else if (request.method === 'OPTIONS') {
      response.writeHead(204, { Allow: allow }).end();
    } else {
      const detail = `This address takes ${allow} only.`;
      next(new HttpRefusal('method-not-allowed', 'method-not-allowed', detail, { Allow: allow }));
    }
  };
