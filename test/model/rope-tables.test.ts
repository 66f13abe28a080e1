import { afterAll, expect, test } from 'vitest';
import { createOnnxEngine } from '../../src/engine/onnx/onnx-engine.ts';
import { baseLinear } from '../../src/model/decoder.ts';
import { parseModelConfig } from '../../src/model/families/parse-config.ts';
import { ModelPrograms } from '../../src/model/model-programs.ts';
import { packRows } from '../../src/model/packed-rows.ts';
import { RopeTables } from '../../src/model/rope-tables.ts';
import { initialiseWeights } from '../../src/model/weights/initialise-weights.ts';

const config = { ropes: [{ theta: 10000, dim: 4, scaling: { type: 'default' } as const }] };
const rowsOf = (tables: ReturnType<RopeTables['upTo']>) => Object.values(tables).map(({ shape }) => shape[0]);

const engine = await createOnnxEngine({ threads: 1 });
afterAll(() => engine.dispose());

test('tables are as long as the longest text so far needs', () => {
  const tables = new RopeTables(config);
  expect(rowsOf(tables.upTo(17))).toEqual([1024, 1024]);
  expect(tables.upTo(1024)).toBe(tables.upTo(1));
  expect(rowsOf(tables.upTo(1025))).toEqual([2048, 2048]);
  expect(rowsOf(tables.upTo(99_000))).toEqual([131_072, 131_072]);
  expect(rowsOf(tables.upTo(3))).toEqual([131_072, 131_072]);
});

test('longer tables begin with the shorter ones', () => {
  const tables = new RopeTables(config);
  const [short] = Object.values(tables.upTo(1));
  const [long] = Object.values(tables.upTo(20_000));
  expect(long!.data.subarray(0, short!.data.length)).toEqual(short!.data);
});

test('a text beyond the tables compiles nothing anew, and is computed as if the tables had always been long', async () => {
  const model = parseModelConfig({
    config: {
      model_type: 'llama',
      vocab_size: 40,
      hidden_size: 16,
      intermediate_size: 24,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      max_position_embeddings: 4096,
    },
    where: 'rope-tables.test',
  });
  const weights = { base: initialiseWeights(model, 5), adapter: {} };
  const programs = () => new ModelPrograms({ engine, config: model, linear: baseLinear });
  const ids = (length: number) => Array.from({ length }, (_, i) => (i * 7) % 40);
  const texts = (prompt: number, completion: number) =>
    packRows([{ prompt: ids(prompt), completions: [ids(completion)] }]);
  const growing = programs();
  await growing.logprobs(weights, texts(300, 400), 1);
  const { compilations } = engine.stats();
  // More than 1,024 positions, and too few tokens after the prompt for attention in blocks.
  const after = await growing.logprobs(weights, texts(700, 500), 1);
  expect(engine.stats().compilations).toBe(compilations);
  expect(after).toEqual(await programs().logprobs(weights, texts(700, 500), 1));
});
