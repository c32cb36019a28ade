/** The part of JSON Schema (OpenAPI 3.1) that our document uses. A keyword that is not here is an error: it would go unchecked. */
type Schema = {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: unknown[];
  anyOf?: Schema[];
  allOf?: Schema[];
  minimum?: number;
  maximum?: number;
};

type Body = { content?: Record<string, { schema?: Schema }> };

export type Parameter = { name: string; in: string; required?: boolean; schema?: Schema };

export type Operation = {
  operationId: string;
  parameters?: Parameter[];
  requestBody?: Body;
  responses: Record<string, Body & { description: string }>;
  security?: object[];
};

export type Document = {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; securitySchemes: Record<string, unknown> };
};

/** What came back, as much of it as the document speaks about. */
export type Observed = { method: string; path: string; status: number; contentType: string; text: string };

const CHECKED = [
  '$ref',
  'type',
  'properties',
  'required',
  'items',
  'enum',
  'anyOf',
  'allOf',
  'minimum',
  'maximum',
];
const SAID_ONLY = ['description', 'examples', 'example', 'format', 'default', 'title'];

const typeOf = (value: unknown): string => {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
};

const isOfType = (value: unknown, type: string): boolean =>
  type === 'integer' ? Number.isInteger(value) : typeOf(value) === type;

const isObject = (value: unknown): value is Record<string, unknown> => typeOf(value) === 'object';

const resolved = (document: Document, schema: Schema): Schema =>
  schema.$ref === undefined
    ? schema
    : (document.components.schemas[schema.$ref.replace('#/components/schemas/', '')] ?? {
        enum: [`no schema ${schema.$ref}`],
      });

/** Where the value is not as the schema says. An object that tells its members may have no others. */
export const violations = (document: Document, given: Schema, value: unknown, at = ''): string[] => {
  const schema = resolved(document, given);
  const unknown = Object.keys(schema).filter((word) => ![...CHECKED, ...SAID_ONLY].includes(word));
  if (unknown.length > 0) return [`${at}: the keyword ${unknown.join(', ')} is not checked`];
  const types = [schema.type ?? []].flat();
  if (types.length > 0 && !types.some((type) => isOfType(value, type))) {
    return [`${at}: ${typeOf(value)} instead of ${types.join(' or ')}`];
  }
  const { enum: allowed, anyOf, allOf, minimum, maximum } = schema;
  const found: string[] = [];
  if (allowed !== undefined && !allowed.includes(value)) found.push(`${at}: none of ${allowed.join(', ')}`);
  if (typeof value === 'number' && value < (minimum ?? value)) found.push(`${at}: below ${minimum}`);
  if (typeof value === 'number' && value > (maximum ?? value)) found.push(`${at}: above ${maximum}`);
  if (anyOf?.every((one) => violations(document, one, value, at).length > 0) === true)
    found.push(`${at}: matches none of its ${anyOf.length} shapes`);
  for (const one of allOf ?? []) found.push(...violations(document, one, value, at));
  return [...found, ...withinObject(document, schema, value, at), ...withinList(document, schema, value, at)];
};

const withinObject = (document: Document, schema: Schema, value: unknown, at: string): string[] => {
  const { properties, required = [] } = schema;
  if (!isObject(value)) return [];
  const missing = required.filter((name) => !(name in value)).map((name) => `${at}/${name}: is missing`);
  if (properties === undefined) return missing;
  return Object.entries(value).reduce((found, [name, member]) => {
    const own = properties[name];
    if (own === undefined) found.push(`${at}/${name}: is not documented`);
    else found.push(...violations(document, own, member, `${at}/${name}`));
    return found;
  }, missing);
};

const withinList = (document: Document, { items }: Schema, value: unknown, at: string): string[] =>
  items === undefined || !Array.isArray(value)
    ? []
    : value.flatMap((item, index) => violations(document, items, item, `${at}/${index}`));

const segments = (path: string): string[] => path.split('/').slice(1);

/** The operation that answers this method and path (without its query); undefined when there is none. */
export const operationAt = (
  document: Document,
  method: string,
  path: string,
): { pattern: string; operation: Operation } | undefined => {
  const asked = segments(path);
  for (const [pattern, operations] of Object.entries(document.paths)) {
    const operation = operations[method.toLowerCase()];
    const own = segments(pattern);
    const fits = own.every((segment, index) => /^\{.*\}$/.test(segment) || segment === asked[index]);
    if (operation !== undefined && own.length === asked.length && fits) return { pattern, operation };
  }
  return undefined;
};

/** What HTTP itself refuses on any address; the document says it by `default`. */
const ANYWHERE = new Set([405, 408, 417, 431]);

const PROBLEM = 'application/problem+json';

/** Where an answer and the document disagree. Addresses the document does not know can only be refused. */
export const disagreements = (
  document: Document,
  { method, path, status, contentType, text }: Observed,
): string[] => {
  const where = `${method} ${path.split('?')[0]} → ${status}`;
  const operation = operationAt(document, method, path.split('?')[0] ?? '')?.operation;
  const type = contentType.split(';')[0] ?? '';
  if (status >= 400 && (operation === undefined || ANYWHERE.has(status))) {
    return type === PROBLEM ? [] : [`${where}: ${type} instead of a problem`];
  }
  const response = operation?.responses[status];
  if (response === undefined) return [`${where}: this status is not documented`];
  const { content } = response;
  if (content === undefined) return text === '' ? [] : [`${where}: a body is not documented`];
  const schema = content[type]?.schema;
  if (schema === undefined) return [`${where}: the content type "${type}" is not documented`];
  const value: unknown = type.endsWith('json') ? JSON.parse(text) : text;
  const judged = type === PROBLEM ? withoutOwnMembers(resolved(document, schema), value) : value;
  return violations(document, schema, judged).map((violation) => `${where}: ${violation}`);
};

/** A problem may have members of its own kind beside those that all have (RFC 9457 section 3.2). */
const withoutOwnMembers = ({ properties }: Schema, value: unknown): unknown =>
  properties !== undefined && isObject(value)
    ? Object.fromEntries(Object.entries(value).filter(([name]) => Object.hasOwn(properties, name)))
    : value;
