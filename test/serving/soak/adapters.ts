import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { adapterShapes } from '../../../src/adapter/adapter-tensors.ts';
import { writeAdapterFolder } from '../../../src/adapter/peft/write-adapter-folder.ts';
import { targetModules } from '../../../src/adapter/target-modules.ts';
import { readModelConfig } from '../../../src/model/read-config.ts';
import { normal, randomStream } from '../../../src/random.ts';

/** β of the annealed adapter, in every layer. */
const BETA = 0.6;

/**
 * Writes two random adapters for the embedded model, a LoRA and an AFA-LoRA amid its annealing, below a folder.
 * @returns their folders.
 */
export async function randomAdapters(
  folder: string,
): Promise<{ readonly lora: string; readonly afa: string }> {
  const config = await readModelConfig('models/tiny');
  const paths = targetModules(config, ['q_proj', 'v_proj', 'down_proj']);
  const made = { lora: join(folder, 'lora'), afa: join(folder, 'afa') };
  for (const [name, at] of Object.entries(made)) {
    const stream = randomStream(7, name);
    const spec = {
      modules: Object.fromEntries(paths.map((path) => [path, { rank: 4, alpha: 8 }])),
      rsLora: false,
      dora: false,
      loraBias: false,
      placement: 'A-s-B' as const,
      activation: 'silu' as const,
      anneals: false,
    };
    const tensors = Object.fromEntries(
      Object.entries(adapterShapes(spec, config)).map(([tensor, shape]) => {
        const data = Float32Array.from({ length: shape[0]! * shape[1]! }, () => 0.1 * normal(stream));
        return [tensor, { data, shape, dtype: 'float32' as const }];
      }),
    );
    await mkdir(at, { recursive: true });
    await writeAdapterFolder(at, { spec, tensors, weights: {}, baseModel: undefined }, config);
  }
  // PEFT has no β, so that a curved adapter is exported by nothing; a run's checkpoint has this file.
  await writeFile(join(made.afa, 'afa.json'), JSON.stringify(annealing(config.layers)));
  return made;
}

const annealing = (layers: number) => ({
  activation: 'silu',
  placement: 'A-s-B',
  schedule: { kind: 'linear', fraction: 1 },
  steps: 10,
  step: 4,
  beta: Array<number>(layers).fill(BETA),
});
