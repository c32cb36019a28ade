import { applyDecorators } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiSecurity } from '@nestjs/swagger';

export const IsPublic = Reflector.createDecorator<true>();

/** A route that needs no key. */
export const Public = (): ClassDecorator & MethodDecorator =>
  applyDecorators(IsPublic(true), ApiSecurity({}));
