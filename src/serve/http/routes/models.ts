import type { Context } from 'hono';
import type { ServedModel } from '../../model-service.ts';
import { servedModel } from '../generation/served-model.ts';
import type { Serving } from '../serving/serving.ts';

/** GET /v1/models. */
export const listModels =
  ({ service, created }: Serving) =>
  (c: Context) => {
    const models = service.models();
    return c.json({ object: 'list', data: models.map((model) => told(model, models[0]!, created)) });
  };

/** GET /v1/models/NAME. */
export const getModel =
  ({ service, created }: Serving) =>
  (c: Context) =>
    c.json(told(servedModel(service, c.req.param('model')!), service.models()[0]!, created));

/** A model in OpenAI's shape, with vLLM's `root`, `parent` and `max_model_len`, and what is ours. */
function told(model: ServedModel, base: ServedModel, created: number) {
  return {
    id: model.name,
    object: 'model',
    created,
    owned_by: 'anneal',
    root: model.source,
    parent: model.name === base.name ? null : base.name,
    max_model_len: model.maxPositions,
    beta: model.beta ?? null,
    draft: model.draft ?? null,
    chat_template: model.hasChatTemplate,
  };
}
