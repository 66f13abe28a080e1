import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../../errors.ts';
import { readJsonIfAny } from '../../io/read-json.ts';
import { readSafetensors } from '../../model/files/safetensors.ts';

/** Gives what a weight of the merged model must be, as the checkpoint stores it, in float64. */
export type ExpectedWeight = (name: string, base: Float32Array) => Float64Array;

const settingsSchema = z.looseObject({
  lora_alpha: z.number(),
  use_rslora: z.boolean().default(false),
  use_dora: z.boolean().default(false),
  lora_bias: z.boolean().default(false),
});

/**
 * Computes W0 + s·B·A in float64 from the files of an adapter in PEFT layout as runs write it: one alpha, no patterns.
 * It uses no code of the merge. `base` is W0, row-major.
 * @returns undefined for DoRA and biased adapters, whose merge is another formula.
 * @throws InputError when the files are missing or damaged.
 */
export async function expectedFromAdapter(folder: string): Promise<ExpectedWeight | undefined> {
  const settings = await readJsonIfAny(join(folder, 'adapter_config.json'), settingsSchema);
  if (settings === undefined) throw new InputError(`${folder} has no adapter_config.json`);
  if (settings.use_dora || settings.lora_bias) return undefined;
  const tensors = await readSafetensors(join(folder, 'adapter_model.safetensors'));
  return (name, base) => {
    const sum = Float64Array.from(base);
    const at = `base_model.model.${name.replace(/\.weight$/, '')}`;
    const [a, b] = [tensors[`${at}.lora_A.weight`], tensors[`${at}.lora_B.weight`]];
    if (!name.endsWith('.weight') || a === undefined || b === undefined) return sum;
    const [rank, inputs] = a.shape as [number, number];
    const scaling = settings.lora_alpha / (settings.use_rslora ? Math.sqrt(rank) : rank);
    const [down, up] = [Float64Array.from(a.data as Float32Array), Float64Array.from(b.data as Float32Array)];
    for (let o = 0; o < b.shape[0]!; o++) {
      for (let r = 0; r < rank; r++) {
        const factor = scaling * up[o * rank + r]!;
        for (let i = 0; i < inputs; i++) sum[o * inputs + i]! += factor * down[r * inputs + i]!;
      }
    }
    return sum;
  };
}
