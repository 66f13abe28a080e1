import type { Handler } from 'hono';
import type { Serving } from '../serving/serving.ts';
import { chat } from './chat.ts';
import { complete } from './completions.ts';
import { getModel, listModels } from './models.ts';
import { openApi } from './openapi.ts';
import { page } from './page.ts';
import { health, metrics } from './status.ts';
import { detokenize, tokenize } from './tokenize.ts';

/** One path that the server answers. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** As Hono writes it. */
  readonly path: string;
  /** Whether it needs no API key. */
  readonly open?: true;
  readonly handler: Handler;
}

/** Every route. */
export const routes = (serving: Serving): readonly Route[] => [
  { method: 'GET', path: '/', open: true, handler: page() },
  { method: 'GET', path: '/health', open: true, handler: health(serving) },
  { method: 'GET', path: '/openapi.json', open: true, handler: openApi() },
  { method: 'GET', path: '/metrics', handler: metrics(serving) },
  { method: 'GET', path: '/v1/models', handler: listModels(serving) },
  { method: 'GET', path: '/v1/models/:model{.+}', handler: getModel(serving) },
  { method: 'POST', path: '/v1/completions', handler: complete(serving) },
  { method: 'POST', path: '/v1/chat/completions', handler: chat(serving) },
  { method: 'POST', path: '/tokenize', handler: tokenize(serving) },
  { method: 'POST', path: '/detokenize', handler: detokenize(serving) },
];
