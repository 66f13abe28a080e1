import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as envs from '../../envs/index.ts';

/** What a resumed run must have in common with the one before. */
test.each(Object.entries(envs))('%s tells its options, the changed ones of configure() too', (_, make) => {
  const env = make({});
  expect(Object.keys(env.options!).length).toBeGreaterThan(0);
  expect(JSON.parse(JSON.stringify(env.options))).toEqual(env.options);
  const [option, value] = 'seed' in env.options! ? ['seed', 7] : ['system', 'Be brief.'];
  expect(env.configure!({ [option]: value }).options).toEqual({ ...env.options, [option]: value });
});

const ofData = ['countdown', 'dataset', 'gsm8k', 'math', 'multipleChoice'];

test.each(Object.entries(envs).filter(([name]) => ofData.includes(name)))('%s tells its data', (_, make) => {
  const path = join('/some', 'folder');
  expect(make({}).files).toEqual([]);
  expect((make as typeof envs.dataset)({ path }).files).toEqual([path]);
});
