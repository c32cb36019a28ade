import type { EdgeRequest, EdgeResponse } from './edge-request.ts';
import { pathOf } from './edge-request.ts';
import { HttpRefusal } from './http-refusal.ts';

/** As much of Express's router as is needed to ask which methods a path has. */
export type RouteTable = {
  stack: { route?: { methods: Record<string, boolean> }; match: (path: string) => unknown }[];
};

/** A "route" for more methods than this is middleware that Nest mounted for all of them. */
const MOST_METHODS = 9;

const methodsAt = (table: RouteTable, path: string): Set<string> => {
  const methods = new Set<string>();
  for (const layer of table.stack) {
    const own = Object.keys(layer.route?.methods ?? {});
    if (own.length === 0 || own.length > MOST_METHODS || !matches(layer, path)) continue;
    for (const method of own) methods.add(method.toUpperCase());
  }
  if (methods.has('GET')) methods.add('HEAD');
  if (methods.size > 0) methods.add('OPTIONS');
  return methods;
};

/** A path with a broken percent-encoding matches nothing. */
const matches = (layer: RouteTable['stack'][number], path: string): boolean => {
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
