import type { ModelService, ServedModel } from '../../model-service.ts';
import { ApiError } from '../errors/api-error.ts';

/** The model of a name. @throws ApiError 404 naming those that there are. */
export function servedModel(service: ModelService, name: string): ServedModel {
  const models = service.models();
  const model = models.find((one) => one.name === name);
  if (model !== undefined) return model;
  const names = models.map((one) => `'${one.name}'`).join(', ');
  throw new ApiError(404, `The model '${name}' does not exist. This server has ${names}.`, {
    param: 'model',
    code: 'model_not_found',
  });
}
