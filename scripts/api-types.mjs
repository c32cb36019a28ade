// Writes web/src/api-schema.ts: the types of everything the built program (dist/) says at /openapi.json, so that a console
// that asks for something else does not compile. Needs no database: the program is described, not started.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import openapiTS, { astToString } from 'openapi-typescript';
import { AppModule } from '../dist/app.module.js';
import { readConfig } from '../dist/shared/config.js';
import { createLogger } from '../dist/shared/http/logger.js';
import { ApiDocument } from '../dist/shared/http/openapi.js';
import { Keyring } from '../dist/shared/secrets.js';

const FILE = join(import.meta.dirname, '..', 'web', 'src', 'api-schema.ts');

const program = AppModule.forRoot({
  config: readConfig({}),
  databaseUrl: 'postgres://nobody@127.0.0.1:1/nothing',
  keyring: new Keyring([{ id: 'none', key: Buffer.alloc(32) }]),
  logId: 'none',
  apiKey: 'nobody calls',
  logger: createLogger('silent'),
});
// Made but never initialised: whatever is done at the start would want a database.
const app = await NestFactory.create(program, { logger: false, abortOnError: false });
app.get(ApiDocument).describe(app, null);
const document = JSON.parse(app.get(ApiDocument).json());
writeFileSync(FILE, astToString(await openapiTS(document)));
process.exit(0);
