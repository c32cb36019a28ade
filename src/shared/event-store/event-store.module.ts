import { Global, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { Keyring } from '../secrets.ts';
import { EventStore } from './event-store.ts';
import { StoredLog } from './stored-log.ts';
import { SubjectKeys } from './subject-keys.ts';

/** The log, and the keys it needs, for every module. */
@Global()
@Module({ providers: [EventStore, StoredLog, SubjectKeys], exports: [EventStore, StoredLog] })
export class EventStoreModule {
  static forRoot(keyring: Keyring): DynamicModule {
    return {
      module: EventStoreModule,
      providers: [{ provide: Keyring, useValue: keyring }],
      exports: [Keyring],
    };
  }
}
