import { z } from 'zod';
import { InputError } from '../errors.ts';
import { checkForm } from '../io/read-json.ts';

// PEFT's adapter_config.json. We read the settings that plain LoRA needs, and ignore those that change nothing here.
// Any other setting that is on would be a different method, so it is refused by name.

const schema = z.looseObject({
  peft_type: z.literal('LORA', 'only LoRA adapters can be read'),
  r: z.int().positive(),
  lora_alpha: z.number().positive(),
  use_rslora: z.boolean().default(false),
  target_modules: z.union([z.string(), z.array(z.string()).nonempty()]),
  base_model_name_or_path: z.string().nullish(),
  bias: z.literal('none', 'trained biases are not supported').default('none'),
  init_lora_weights: z
    .union([z.boolean(), z.enum(['gaussian', 'orthogonal'])], 'this initialisation changes the base weights')
    .default(true),
});

/** Settings that change nothing here: they concern training or initialisation, or act only together with another. */
const harmless = new Set([
  'auto_mapping',
  'inference_mode',
  'loftq_config',
  'lora_dropout',
  'megatron_core',
  'peft_version',
  'qalora_group_size',
  'revision',
  'runtime_config',
  'task_type',
]);

/** The settings of adapter_config.json that plain LoRA needs. */
export interface PeftConfig {
  readonly rank: number;
  readonly alpha: number;
  readonly rsLora: boolean;
  readonly targetModules: string | readonly string[];
  readonly baseModel: string | undefined;
}

/**
 * Reads the content of an adapter_config.json. `where` names the file in errors.
 * @throws InputError naming every setting that is missing, wrong, or belongs to another method than plain LoRA, such as
 * use_dora.
 */
export function parsePeftConfig(content: unknown, where: string): PeftConfig {
  const json = checkForm(content, schema, where);
  const foreign = Object.entries(json).filter(
    ([name, value]) => !(name in schema.shape) && !harmless.has(name) && !isOff(value),
  );
  if (foreign.length > 0) {
    const shown = foreign.map(([name, value]) => `${name} (${JSON.stringify(value)})`).join(', ');
    throw new InputError(
      `${where}: ${shown} is not supported: plain LoRA with one rank and alpha can be read`,
    );
  }
  return {
    rank: json.r,
    alpha: json.lora_alpha,
    rsLora: json.use_rslora,
    targetModules: json.target_modules,
    baseModel: json.base_model_name_or_path ?? undefined,
  };
}

/** Makes the content of an adapter_config.json for a plain LoRA adapter. */
export function peftConfig(config: PeftConfig): Record<string, unknown> {
  return {
    base_model_name_or_path: config.baseModel ?? null,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: config.alpha,
    lora_dropout: 0,
    modules_to_save: null,
    peft_type: 'LORA',
    r: config.rank,
    target_modules: config.targetModules,
    task_type: 'CAUSAL_LM',
    use_dora: false,
    use_rslora: config.rsLora,
  };
}

function isOff(value: unknown): boolean {
  if (value === null || value === false || value === undefined) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
