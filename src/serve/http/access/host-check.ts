import type { MiddlewareHandler } from 'hono';
import { ApiError } from '../errors/api-error.ts';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

/**
 * Refuses requests that name another host than this machine. A page elsewhere whose name was made to point here (DNS
 * rebinding) would be as good as one of our own.
 */
export const hostCheck: MiddlewareHandler = async (c, next) => {
  const host = c.req.header('host') ?? '';
  if (!LOOPBACK.test(host)) {
    throw new ApiError(
      403,
      `This server answers to localhost, and was asked as "${host}": start it with --api-key, or with --host for other machines.`,
      { code: 'host_not_allowed' },
    );
  }
  await next();
};
