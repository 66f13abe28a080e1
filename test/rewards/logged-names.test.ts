import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as bundled from '../../rewards/index.ts';
import { nameRewards } from '../../src/environment/scoring/name-rewards.ts';
import { scoreRollouts } from '../../src/environment/scoring/score-rollouts.ts';
import type { RewardFunction } from '../../src/types.ts';
import { spoken } from '../environment/scoring/spoken.ts';

// What the bundled rewards log stands beside anneal's own metrics.

/** A judge whose answers hold no score. */
let server: Server;
beforeAll(async () => {
  server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ choices: [{ message: { content: 'fine' } }] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());

const one: RewardFunction = ({ completions }) => completions.map(() => 1);
const fails: RewardFunction = function fails() {
  throw new Error('no luck');
};

/** Each bundled reward by its factory, with what it logs. */
const rewards: Record<string, [make: () => RewardFunction, logs: readonly string[]]> = {
  accuracy: [() => bundled.accuracy(), ['accuracy/exceeded', 'accuracy/unreadable_gold']],
  reasoningAccuracy: [
    () => bundled.reasoningAccuracy(),
    ['reasoning_accuracy/exceeded', 'reasoning_accuracy/unreadable_gold'],
  ],
  captured: [() => bundled.captured({ pattern: '(a+)+$' }), ['captured/exceeded']],
  code: [() => bundled.code(), ['code/unjudged']],
  cosineScaled: [
    () => bundled.cosineScaled({ maxLength: 9 }),
    ['cosine_scaled/exceeded', 'cosine_scaled/unreadable_gold'],
  ],
  countdownReward: [() => bundled.countdownReward(), []],
  exactNumber: [() => bundled.exactNumber(), []],
  formatReward: [() => bundled.formatReward({ pattern: 'a' }), ['format/exceeded']],
  gated: [() => bundled.gated({ gate: one, reward: one }), ['one/open']],
  gsm8kReward: [() => bundled.gsm8kReward(), []],
  jsonSchema: [() => bundled.jsonSchema({ schema: {} }), ['json_schema/exceeded']],
  llmJudge: [
    () => {
      const { port } = server.address() as AddressInfo;
      return bundled.llmJudge({ url: `http://127.0.0.1:${port}`, model: 'm', prompt: () => 'q' });
    },
    ['llm_judge/unreadable'],
  ],
  mathReward: [() => bundled.mathReward(), ['math/exceeded', 'math/unreadable_gold']],
  mathString: [() => bundled.mathString(), []],
  repetitionPenalty: [() => bundled.repetitionPenalty(), []],
  shuffled: [() => bundled.shuffled(one), []],
  softOverlong: [() => bundled.softOverlong({ maxLength: 9, cache: 2 }), []],
  tagCount: [() => bundled.tagCount(), []],
  thinkFormat: [() => bundled.thinkFormat(), []],
  tolerant: [() => bundled.tolerant(fails), ['fails/failed']],
};

const rollouts = spoken(['7', 'a'], {
  id: 'a',
  answer: '7',
  solution: '$7$',
  numbers: [3, 4],
  nums: [3, 4],
  target: 7,
  tests: [{ assert: 'assert(true)' }],
});

test('every bundled reward is looked at here', () => {
  const helpers = ['limited', 'perCompletion'];
  expect(Object.keys(bundled).sort()).toEqual([...Object.keys(rewards), ...helpers].sort());
});

test.each(Object.entries(rewards))('%s logs by no name of anneal’s own', async (_, [make, logs]) => {
  const named = nameRewards([{ reward: make(), weight: 1, timeout: 60 }]);
  const { signal } = new AbortController();
  // A reserved name would end it with an error.
  const { metrics } = await scoreRollouts(rollouts, { rewards: named, step: 0, signal });
  expect(Object.keys(metrics).sort()).toEqual(logs);
});
