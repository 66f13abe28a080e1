import { readdirSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { filesOf, folder, readCases } from './algorithms-cases.ts';

/** Every form of recorded cases, and the test file that runs each case of it. */
const runBy: Readonly<Record<string, string>> = {
  hf_sampling: 'algorithms-sampling.test.ts',
  hf_schedules: 'algorithms-optimizer.test.ts',
  torch_optim: 'algorithms-optimizer.test.ts',
  trl_grpo_loss: 'algorithms-trl-loss.test.ts',
  trl_grpo_rollout: 'algorithms-trl-rollout.test.ts',
  trl_logprobs: 'algorithms-logprobs.test.ts',
  trl_ppo: 'algorithms-trl-ppo.test.ts',
  verl_advantages: 'algorithms-verl-advantages.test.ts',
  verl_kl_control: 'algorithms-kl-control.test.ts',
  verl_losses: 'algorithms-verl-losses.test.ts',
};
const known = Object.keys(runBy).flatMap(filesOf);

afterAll(() => {
  const counts = known.map((file) => `${file}: ${readCases(file).length}`);
  console.log(`recorded cases in ${folder}\n  ${counts.join('\n  ')}`);
});

test('every file of recorded algorithm cases is run by a test', () => {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  expect(files.length).toBeGreaterThan(0);
  expect(files.filter((file) => !known.includes(file))).toEqual([]);
});
