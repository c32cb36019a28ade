import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ApiKeyGuard } from './api-key.guard.ts';
import { ApiKey } from './api-key.ts';
import { SessionCookie } from './session-cookie.ts';
import { SessionController } from './session.controller.ts';
import { SessionsStore } from './sessions.store.ts';
import { Sessions } from './sessions.ts';

/** Who may call. Guards every route of the program. */
@Module({})
export class AccessModule {
  static forRoot(apiKey: string, publicUrl: string | null = null): DynamicModule {
    const isHttps = publicUrl?.startsWith('https://') === true;
    return {
      module: AccessModule,
      controllers: [SessionController],
      providers: [
        { provide: ApiKey, useValue: new ApiKey(apiKey) },
        { provide: SessionCookie, useValue: new SessionCookie(isHttps) },
        Sessions,
        SessionsStore,
        { provide: APP_GUARD, useClass: ApiKeyGuard },
      ],
    };
  }
}
