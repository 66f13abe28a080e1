import { z } from 'zod';
import { InputError } from '../../errors.ts';
import { checkForm } from '../../io/read-json.ts';

// PEFT's adapter_config.json. We read the settings of LoRA, rsLoRA and DoRA, and ignore those that change nothing here.
// Any other setting that is on would be a different method, so it is refused by name.

const names = z.union([z.string(), z.array(z.string())]).nullish();

const schema = z.looseObject({
  peft_type: z.literal('LORA', 'only LoRA adapters can be read'),
  r: z.int().positive(),
  lora_alpha: z.number().positive(),
  rank_pattern: z.record(z.string(), z.int().positive()).nullish(),
  alpha_pattern: z.record(z.string(), z.number().positive()).nullish(),
  use_rslora: z.boolean().default(false),
  use_dora: z.boolean().default(false),
  lora_bias: z.boolean().default(false),
  bias: z.enum(['none', 'all', 'lora_only']).default('none'),
  target_modules: z.union([z.string(), z.array(z.string()).nonempty()]),
  exclude_modules: names,
  layers_to_transform: z.union([z.int(), z.array(z.int())]).nullish(),
  layers_pattern: names,
  modules_to_save: z.array(z.string()).nullish(),
  base_model_name_or_path: z.string().nullish(),
  init_lora_weights: z
    .union(
      [z.boolean(), z.enum(['gaussian', 'orthogonal', 'eva'])],
      'this initialisation changes the base weights; let PEFT convert the adapter to plain LoRA',
    )
    .default(true),
});

/** Settings that change nothing here: they concern training or initialisation, or act only together with another. */
const harmless = new Set([
  'auto_mapping',
  // Tied weights that are trained lie in the file, each by itself.
  'ensure_weight_tying',
  'eva_config',
  // PEFT sets it to false on linear layers, which is all that these models have.
  'fan_in_fan_out',
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

/** The settings of adapter_config.json that are read. */
export interface PeftConfig {
  readonly rank: number;
  readonly alpha: number;
  /** Rank and alpha of modules whose path matches a key; the first key that matches counts. */
  readonly rankPattern: Readonly<Record<string, number>>;
  readonly alphaPattern: Readonly<Record<string, number>>;
  readonly rsLora: boolean;
  readonly dora: boolean;
  readonly loraBias: boolean;
  readonly targetModules: string | readonly string[];
  readonly excludeModules: string | readonly string[];
  /** Only these layers are adapted; all when empty. */
  readonly layers: readonly number[];
  /** Names of the list of layers in a module's path; any when empty. */
  readonly layersPattern: readonly string[];
  /** Modules whose whole weights the adapter brings. */
  readonly modulesToSave: readonly string[];
  readonly baseModel: string | undefined;
}

/**
 * Reads the content of an adapter_config.json. `where` names the file in errors.
 * @throws InputError naming every setting that is missing, wrong, or belongs to a method that can't be read, such as
 * layer_replication.
 */
export function parsePeftConfig(content: unknown, where: string): PeftConfig {
  const json = checkForm(content, schema, where);
  const foreign = Object.entries(json).filter(
    ([name, value]) => !(name in schema.shape) && !harmless.has(name) && !isOff(value),
  );
  if (foreign.length > 0) {
    const shown = foreign.map(([name, value]) => `${name} (${JSON.stringify(value)})`).join(', ');
    throw new InputError(`${where}: ${shown} is not supported: LoRA, rsLoRA and DoRA adapters can be read`);
  }
  if (json.use_dora && json.lora_bias)
    throw new InputError(
      `${where}: use_dora and lora_bias don't go together, in PEFT neither: one must be off`,
    );
  const layers = [json.layers_to_transform ?? []].flat();
  if (layers.length > 0 && typeof json.target_modules === 'string') {
    throw new InputError(
      `${where}: layers_to_transform needs a list of target_modules, and has the expression "${json.target_modules}"`,
    );
  }
  return {
    rank: json.r,
    alpha: json.lora_alpha,
    rankPattern: json.rank_pattern ?? {},
    alphaPattern: json.alpha_pattern ?? {},
    rsLora: json.use_rslora,
    dora: json.use_dora,
    loraBias: json.lora_bias,
    targetModules: json.target_modules,
    excludeModules: json.exclude_modules ?? [],
    layers,
    layersPattern: [json.layers_pattern ?? []].flat(),
    modulesToSave: json.modules_to_save ?? [],
    baseModel: json.base_model_name_or_path ?? undefined,
  };
}

function isOff(value: unknown): boolean {
  if (value === null || value === false || value === undefined) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
