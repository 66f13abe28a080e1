import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { arithmetic } from '../../../envs/index.ts';
import { loadModel } from '../../../src/causal-lm/load-model.ts';
import { firstTasks } from '../../../src/environment/task-source.ts';
import { estimateAcceptance } from '../../../src/evaluation/draft/acceptance-estimate.ts';
import { evaluateDraft } from '../../../src/evaluation/draft/evaluate-draft.ts';
import { modelDrafted } from '../../../src/evaluation/draft/model-drafted.ts';
import { modelPath } from '../../../src/model/config/model-path.ts';
import { readModelConfig } from '../../../src/model/read-config.ts';
import { saveModel } from '../../../src/model/save/save-model.ts';
import { loadTokenizer } from '../../../src/model/tokenizer/tokenizer.ts';
import { firstLayers } from '../../../src/model/weights/first-layers.ts';
import { loadWeights } from '../../../src/model/weights/load-weights.ts';
import { heldWeights } from '../../../src/model/weights/read-weight.ts';
import { parseRecipe } from '../../../src/recipe/recipe.ts';
import type { SpeculationStats } from '../../../src/rollout/session/speculation.ts';

const folder = mkdtempSync(join(tmpdir(), 'anneal-draft-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('what speculative sampling accepts', () => {
  test('is estimated from the tokens of the texts', () => {
    // p accepts with 0.5 and 0.25 at the tokens of the first text; the ratio q/p is at most 1 where it is 2.
    const texts = [
      { acceptance: [0.5, 0.25], logRatio: [Math.log(0.5), Math.log(2)], mask: [1, 1] },
      { acceptance: [0.9, 1, 0.6], logRatio: [0, Math.log(0.1), Math.log(0.2)], mask: [1, 0, 1] },
    ];
    const { rate, length, byPosition, tokens } = estimateAcceptance(texts, 2);
    expect(tokens).toBe(4);
    expect(rate.value).toBeCloseTo((0.5 + 0.25 + 0.9 + 0.6) / 4);
    // One token: 0.5, 1, 1, 0.2. Two in a row, with nothing of the environment's between: 0.5 · 1.
    expect(byPosition[0]).toBeCloseTo(2.7 / 4);
    expect(byPosition[1]).toBeCloseTo(0.5 / (2.7 / 4));
    expect(length).toBeCloseTo(1 + 2.7 / 4 + 0.5);
    // The ratio's variance: residuals 0.75 − 2·0.5625 and 1.5 − 2·0.5625.
    const half = (1.959963984540054 * Math.sqrt(2 * (0.375 ** 2 + 0.375 ** 2))) / 4;
    expect(rate.interval[1] - rate.value).toBeCloseTo(Math.min(half, 1 - rate.value));
  });

  test('is about what it accepts', async () => {
    const path = await modelPath('tiny');
    const whole = {
      config: await readModelConfig(path),
      weights: await loadWeights(path, await readModelConfig(path)),
    };
    const { config, weights } = firstLayers(whole, 2);
    const { files } = await loadTokenizer(path);
    const out = join(folder, 'draft');
    await saveModel(out, { config, readWeight: heldWeights(weights), tokenizerFiles: files, source: path });
    const target = await loadModel('tiny', { engine: { threads: 1 } });
    const draft = await target.loadDraft(out);
    try {
      const recipe = parseRecipe({
        name: 'draft',
        model: 'tiny',
        objective: 'draft',
        draft: { layers: 2, tokens: 3 },
        env: arithmetic(),
        rewards: [{ reward: () => [] }],
        sampling: { maxNewTokens: 24 },
        optimizer: { lr: 1e-3 },
        steps: 1,
      });
      const tasks = await firstTasks(recipe.env, 'test', { count: 150 });
      const { result } = await evaluateDraft(modelDrafted(draft, target, recipe), recipe, { tasks });
      let stats: SpeculationStats | undefined;
      await target.generate({
        prompts: tasks.map((task) => recipe.env.prompt(task)),
        maxNewTokens: 24,
        n: 4,
        draft,
        draftTokens: 3,
        onSpeculation: (given) => {
          stats = given;
        },
      });
      const { offered, accepted, tokens, rowCalls } = stats!;
      // Runs begin at every token here, and behind a refused proposal there, where drafts do worse.
      for (const [i, count] of offered.entries())
        expect(Math.abs(accepted[i]! / count - result.byPosition[i]!), `position ${i}`).toBeLessThan(0.08);
      expect(Math.abs(tokens / rowCalls - result.length)).toBeLessThan(0.25);
    } finally {
      await draft.dispose();
      await target.dispose();
    }
  });
});
