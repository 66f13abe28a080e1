import { randomUUID } from 'node:crypto';
import { Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import { apiKeyCheck } from './access/api-key.ts';
import { hostCheck } from './access/host-check.ts';
import { discardBody } from './body/discard-body.ts';
import { ApiError } from './errors/api-error.ts';
import { asApiError } from './errors/as-api-error.ts';
import { type Route, routes } from './routes/index.ts';
import type { Serving } from './serving/serving.ts';

/** The server's application: every route with what guards it. It knows nothing of sockets. */
export function createApp(serving: Serving): Hono {
  const { settings } = serving;
  const app = new Hono();
  const served = routes(serving);
  const paths = served.map(({ path }) => path);
  app.use(counted(serving, paths));
  if (settings.cors.length > 0) {
    const exposeHeaders = ['x-request-id', 'retry-after'];
    app.use(cors({ origin: settings.cors.includes('*') ? '*' : [...settings.cors], exposeHeaders }));
  }
  if (settings.loopback && settings.apiKey === undefined) app.use(hostCheck);
  for (const route of served) add(app, route, serving);
  app.notFound(() => {
    throw new ApiError(404, 'There is no such path: GET /openapi.json describes those that there are.', {
      code: 'not_found',
    });
  });
  app.onError(async (error, c) => {
    const told = asApiError(error, serving.onBug);
    const reusable = told.status === 499 || (await discardBody(c.req.raw));
    const headers = reusable ? told.headers : { ...told.headers, connection: 'close' };
    return c.json(told.body(), told.status as 400, headers);
  });
  return app;
}

function add(app: Hono, { method, path, open, handler }: Route, serving: Serving): void {
  const { apiKey, bodyLimit: maxSize } = serving.settings;
  const guards: MiddlewareHandler[] = [];
  if (apiKey !== undefined && !open) guards.push(apiKeyCheck(apiKey));
  if (method === 'POST')
    guards.push(
      notStopping(serving),
      bodyLimit({
        maxSize,
        onError: () => {
          throw new ApiError(
            413,
            `The body is larger than ${maxSize} bytes: send less, or start the server with a higher --body-limit.`,
            { code: 'body_too_large' },
          );
        },
      }),
    );
  app.on(method, [path], ...guards, handler);
  app.all(path, (c) => {
    throw new ApiError(405, `${path} takes ${method}, not ${c.req.method}.`, {
      code: 'method_not_allowed',
      headers: { allow: method },
    });
  });
}

/** Refuses work while requests under way are finished. */
const notStopping =
  ({ gate }: Serving): MiddlewareHandler =>
  async (_, next) => {
    gate.checkOpen();
    await next();
  };

/** Gives each request an id, counts it when it is answered, and sets headers that every answer has. */
const counted =
  ({ metrics }: Serving, paths: readonly string[]): MiddlewareHandler =>
  async (c, next) => {
    c.header('x-request-id', randomUUID());
    c.header('x-content-type-options', 'nosniff');
    await next();
    metrics.request(routeOf(c.req.path, paths), c.res.status);
  };

/** The route of a path, without what a client made up. */
const routeOf = (path: string, paths: readonly string[]): string =>
  paths.find((one) => one === path || (one.includes(':') && path.startsWith(one.split(':')[0]!))) ?? 'other';
