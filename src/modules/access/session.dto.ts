import { IsOptional, IsString, Length } from 'class-validator';

/** One of the two. */
export class SignInDto {
  /** An API key of crm-sync. It is not kept. */
  @IsOptional()
  @IsString()
  @Length(1, 4096)
  key?: string;

  /** The code of the link that crm-sync prints when it starts; each works once, within an hour. */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  code?: string;
}

export class SessionDto {
  actor!: string;
  /** Null for a caller that shows its key with each request. */
  expiresAt!: string | null;
}
