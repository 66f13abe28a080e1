import type { Context } from 'hono';
import type { Serving } from '../serving/serving.ts';

/** GET /health: 503 while the server stops, and when its models are gone, so that no more requests are sent to it. */
export const health =
  ({ gate, service }: Serving) =>
  (c: Context) => {
    if (gate.draining) return c.json({ status: 'stopping' }, 503);
    return service.hasEnded ? c.json({ status: 'failed' }, 503) : c.json({ status: 'ok' });
  };

/** GET /metrics, for Prometheus. */
export const metrics =
  ({ metrics: { registry } }: Serving) =>
  async (c: Context) =>
    c.body(await registry.metrics(), 200, { 'content-type': registry.contentType });
