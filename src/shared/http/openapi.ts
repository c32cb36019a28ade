import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';
import { STATUS } from './problem-details.ts';
import type { ProblemKind } from './problem-details.ts';
import { problemResponse } from './problems.ts';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

type Parameters = NonNullable<Operation['parameters']>;

const PACKAGE = z.object({ version: z.string(), description: z.string() });

const SECURITY = 'key';
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const PROBLEM_SCHEMA = {
  type: 'object',
  description: 'What was refused and why (RFC 9457).',
  required: ['type', 'title', 'status', 'detail', 'instance', 'correlationId'],
  properties: {
    type: { type: 'string', format: 'uri', examples: ['tag:crm-sync,2026:problems/not-found'] },
    title: { type: 'string' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string', description: 'What happened, why, and what to do.' },
    instance: { type: 'string', format: 'uri-reference' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: {
          pointer: {
            type: 'string',
            description: 'A JSON pointer into the body, or `?name` for a query parameter.',
          },
          detail: { type: 'string' },
        },
      },
    },
    correlationId: { type: 'string' },
  },
};

/** The OpenAPI document; made when it is first asked for, kept from then on. */
@Injectable()
export class ApiDocument {
  private make: () => OpenAPIObject = () => {
    throw new Error('describe() was not called.');
  };
  private made: string | null = null;

  describe(app: INestApplication, publicUrl: string | null): void {
    this.make = () => openApiOf(app, publicUrl);
  }

  json(): string {
    this.made ??= JSON.stringify(this.make());
    return this.made;
  }
}

const openApiOf = (app: INestApplication, publicUrl: string | null): OpenAPIObject => {
  const { version, description } = ownPackage();
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('crm-sync')
    .setDescription(description)
    .setVersion(version)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key of crm-sync.' }, SECURITY)
    .addSecurityRequirements(SECURITY);
  if (publicUrl !== null) config.addServer(publicUrl);
  const document = SwaggerModule.createDocument(app, config.build(), {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}.${method}`,
  });
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: PROBLEM_SCHEMA },
  };
  for (const path of Object.values(document.paths)) {
    for (const method of METHODS) {
      const operation = path[method];
      if (operation === undefined) continue;
      operation.parameters = mended(operation.parameters ?? []);
      addCommonProblems(operation, method);
    }
  }
  return document;
};

/**
 * What the scanner gets wrong: a parameter with a default is not required, header names have no case, and what our path
 * parameters look like is known by their names.
 */
const mended = (parameters: Parameters): Parameters => {
  const byName = new Map<string, Parameters[number]>();
  for (const parameter of parameters) {
    if (!('in' in parameter)) continue;
    const { name, schema = {} } = parameter;
    const isPath = parameter.in === 'path';
    const isRequired = parameter.required === true && parameter.in !== 'header' && !('default' in schema);
    byName.set(`${parameter.in} ${name.toLowerCase()}`, {
      ...parameter,
      required: isPath || isRequired,
      schema: isPath ? (PATH_SCHEMAS[name] ?? schema) : schema,
    });
  }
  return [...byName.values()];
};

const PATH_SCHEMAS: Record<string, object> = {
  id: { type: 'string', format: 'uuid' },
  position: { type: 'integer', minimum: 0 },
};

const ownPackage = (): z.infer<typeof PACKAGE> =>
  PACKAGE.parse(
    JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', '..', 'package.json'), 'utf8')),
  );

/** What the edge refuses on any route of that sort; `default` stands for what is rarer still. */
const addCommonProblems = (operation: Operation, method: (typeof METHODS)[number]): void => {
  const isPublic = operation.security?.some((requirement) => Object.keys(requirement).length === 0) ?? false;
  if (isPublic) operation.security = [];
  const takesId =
    operation.parameters?.some((parameter) => 'in' in parameter && parameter.in === 'path') ?? false;
  const kinds: ProblemKind[] = [
    'invalid',
    'internal',
    'unavailable',
    ...(isPublic ? [] : (['unauthenticated'] as const)),
    ...(takesId ? (['not-found'] as const) : []),
    ...(method === 'get' ? [] : (['forbidden', 'content-too-large', 'unsupported-media-type'] as const)),
    ...(method === 'post' ? (['conflict', 'unprocessable'] as const) : []),
  ];
  for (const kind of kinds) operation.responses[STATUS[kind]] ??= problemResponse(STATUS[kind]);
  operation.responses['default'] ??= { ...problemResponse(0), description: 'Any other refusal' };
  if (method === 'post' && !isPublic) {
    operation.parameters = [...(operation.parameters ?? []), IDEMPOTENCY_KEY];
  }
};

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header' as const,
  required: false,
  description: 'The same request with the same key is served once and answered alike for 24 hours.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};
