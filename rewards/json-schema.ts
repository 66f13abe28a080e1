import { Ajv2020, type AnySchema } from 'ajv/dist/2020.js';
import { InputError } from '../src/errors.ts';
import type { RewardFunction } from '../src/types.ts';
import { perCompletion } from './per-completion.ts';

export interface JsonSchemaOptions {
  /** JSON Schema, draft 2020-12. */
  readonly schema: AnySchema;
  /** What JSON that does not fit the schema is worth. */
  readonly partial?: number;
  readonly name?: string;
}

/**
 * 1 when the completion is JSON that fits the schema, `partial` (0) when it is some other JSON, else 0. JSON may stand
 * in a ```json block, of which the last counts.
 * @throws InputError when the schema is none.
 */
export function jsonSchema({ schema, partial = 0, name = 'json_schema' }: JsonSchemaOptions): RewardFunction {
  const fits = compile(schema, name);
  return perCompletion(name, (completion) => {
    const value = parse(completion);
    return value === undefined ? 0 : fits(value.json) ? 1 : partial;
  });
}

function compile(schema: AnySchema, name: string) {
  try {
    return new Ajv2020({ strict: false }).compile(schema);
  } catch (error) {
    throw new InputError(`reward ${name}: not a JSON Schema: ${(error as Error).message}`);
  }
}

function parse(completion: string): { json: unknown } | undefined {
  const block = [...completion.matchAll(/```(?:json)?\s*\n([\s\S]*?)```/g)].at(-1)?.[1];
  try {
    return { json: JSON.parse(block ?? completion) };
  } catch {
    return undefined;
  }
}
