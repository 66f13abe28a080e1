import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { ApiError } from '../errors/api-error.ts';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Asks for `Authorization: Bearer KEY`. The comparison takes the same time whatever was sent. */
export function apiKeyCheck(apiKey: string): MiddlewareHandler {
  const expected = digest(apiKey);
  return async (c, next) => {
    const sent = /^Bearer +(.+)$/i.exec(c.req.header('authorization') ?? '')?.[1]?.trim();
    if (sent === undefined || !timingSafeEqual(digest(sent), expected)) throw wrongKey(sent);
    await next();
  };
}

function wrongKey(sent: string | undefined): ApiError {
  const message =
    sent === undefined
      ? 'This server asks for a key: send the header "Authorization: Bearer KEY".'
      : 'The API key is not the one that this server was started with.';
  return new ApiError(401, message, { code: 'invalid_api_key', headers: { 'www-authenticate': 'Bearer' } });
}
