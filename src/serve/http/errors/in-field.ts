import { badField } from './api-error.ts';

/** Calls what a tokenizer or a chat template does with a field. @throws ApiError naming the field when it refuses. */
export async function inField<T>(param: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Error && error.name === 'InputError') throw badField(param, error.message);
    throw error;
  }
}
