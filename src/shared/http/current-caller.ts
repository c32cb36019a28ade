import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { Caller } from '../caller.ts';
import type { EdgeRequest } from './edge-request.ts';

/** `@CurrentCaller() caller: Caller`: who asks. Not for public routes. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<EdgeRequest>();
  if (caller === undefined) throw new Error('A public route has no caller.');
  return caller;
});
