import { Ajv, type AnySchema, type Options } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { InputError } from '../src/errors.ts';
import type { RewardFunction } from '../src/types.ts';
import { perCompletion } from './batch/per-completion.ts';
import { limitedTime, PATTERN_MS } from './limits/limited-time.ts';
import { fencedBlock } from './text/fenced-block.ts';

export interface JsonSchemaOptions {
  /** JSON Schema of the draft that its $schema names: draft-07, 2019-09, or 2020-12, which it is without one. */
  readonly schema: AnySchema;
  /** What JSON that does not fit the schema is worth. */
  readonly partial?: number;
  /** Milliseconds for one completion. JSON on which a pattern of the schema takes longer does not fit. */
  readonly timeMs?: number;
  readonly name?: string;
}

/**
 * 1 when the completion is JSON that fits the schema, `partial` (0) when it is some other JSON, else 0. JSON may stand
 * in a ```json block or one without a language, of which the last counts. The share that ran over `timeMs` is logged as
 * `<name>/exceeded`.
 * @throws InputError when the schema is none, is of another draft or asynchronous, or names an unknown format.
 */
export function jsonSchema(options: JsonSchemaOptions): RewardFunction {
  const { schema, partial = 0, timeMs = PATTERN_MS, name = 'json_schema' } = options;
  const fits = compile(schema, name);
  const runLimited = limitedTime(name, timeMs);
  return perCompletion(name, async (completion, _task, batch) => {
    const value = parse(completion);
    if (value === undefined) return 0;
    return (await runLimited(batch, () => fits(value.json), false)) ? 1 : partial;
  });
}

const drafts = {
  'json-schema.org/draft-07/schema': Ajv,
  'json-schema.org/draft/2019-09/schema': Ajv2019,
  'json-schema.org/draft/2020-12/schema': Ajv2020,
};

/** Whether a value fits the schema; one nested too deeply to be checked does not. */
function compile(schema: AnySchema, name: string): (json: unknown) => boolean {
  try {
    const validate = validatorOf(schema);
    return (json) => {
      try {
        return validate(json) === true;
      } catch (error) {
        if (error instanceof RangeError) return false;
        throw error;
      }
    };
  } catch (error) {
    throw new InputError(`reward ${name}: not a JSON Schema: ${(error as Error).message}`);
  }
}

function validatorOf(schema: AnySchema) {
  const { $schema, $async } = typeof schema === 'object' ? schema : {};
  if ($async) throw new Error('$async makes a schema whose verdict comes later; leave it out');
  const draft = String($schema ?? 'json-schema.org/draft/2020-12/schema').replace(/^https?:\/\/|#$/g, '');
  const Validator = drafts[draft as keyof typeof drafts];
  if (Validator === undefined) {
    throw new Error(`$schema ${JSON.stringify($schema)} is none of ${Object.keys(drafts).join(', ')}`);
  }
  const ajv = new Validator(settings);
  formats.default(ajv);
  return ajv.compile<unknown>(schema);
}

const settings: Options = {
  strict: false,
  logger: {
    log() {},
    // Warnings are about what would not be checked: formats that nobody knows.
    warn(...message) {
      throw new Error(message.join(' '));
    },
    error() {},
  },
};

function parse(completion: string): { json: unknown } | undefined {
  try {
    return { json: JSON.parse(fencedBlock(completion, ['json']) ?? completion) };
  } catch {
    return undefined;
  }
}
