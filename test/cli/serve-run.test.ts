import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { loadModel } from '../../src/causal-lm/load-model.ts';
import { temporaryFolder } from '../pipeline/run.ts';
import { anneal } from './command-line.ts';
import { runProcess } from './processes.ts';

// The process compiles the sources anew: seconds of work on a busy machine.
vi.setConfig({ testTimeout: 240_000 });

const TEXT = '12+5=17';

/** The log-probs of a text's tokens after the first, as the served policy gives them, and its β. */
async function servedPolicy(url: string): Promise<{ beta: number; logprobs: number[] } | undefined> {
  const models = (await (await fetch(`${url}/v1/models`)).json()) as { data: { id: string; beta: number }[] };
  const policy = models.data.find(({ id }) => id === 'policy');
  if (policy === undefined) return undefined;
  const body = { model: 'policy', prompt: TEXT, echo: true, logprobs: 1, max_tokens: 1, temperature: 0 };
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  const { choices } = (await answer.json()) as { choices: { logprobs: { token_logprobs: number[] } }[] };
  return { beta: policy.beta, logprobs: choices[0]!.logprobs.token_logprobs.slice(1, TEXT.length) };
}

test('run --serve shows the policy as it trains, and at last what is merged', async () => {
  const out = join(await temporaryFolder(), 'run');
  const seen: { beta: number; logprobs: number[] }[] = [];
  let watching: Promise<void> | undefined;
  let url = '';
  const watch = async () => {
    for (;;) {
      const policy = await servedPolicy(url).catch(() => 'gone' as const);
      if (policy === 'gone') return;
      if (policy !== undefined) seen.push(policy);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  };
  const args = ['run', 'arithmetic', '--out', out, '--steps', '20', '--serve', '0'];
  const { code, errors } = await runProcess([...args, '--set', 'eval.tasks=100'], (line) => {
    const [, found] = /^serving the policy: (\S+)$/.exec(line) ?? [];
    if (found === undefined) return;
    url = found;
    watching = watch();
  });
  await watching;
  expect({ code, errors }).toEqual({ code: 0, errors: [] });

  const betas = seen.map(({ beta }) => beta);
  expect(betas).toEqual([...betas].sort((a, b) => b - a));
  expect(new Set(betas).size).toBeGreaterThan(2);
  const merged = await loadModel(join(out, 'merged'), { engine: { engine: 'onnx', threads: 1 } });
  const ids = merged.tokenizer.encode(TEXT);
  const { data } = await merged.logprobs({ inputIds: [ids], attentionMask: [ids.map(() => 1)] });
  await merged.dispose();
  const last = seen.at(-1)!;
  expect(last.beta).toBe(0);
  for (const [t, logprob] of last.logprobs.entries()) expect(Math.abs(logprob - data[t]!)).toBeLessThan(1e-4);
  expect(last.logprobs).not.toEqual(seen[0]!.logprobs);
});

test.each([
  [['--method', 'full', '--serve'], /--serve shows the adapter that trains, and method 'full' has none/],
  [['--serve', 'here'], /--serve takes a port from 0 to 65535 \(got "here"\)/],
])('run %j says what is wrong', async (args, says) => {
  const out = join(await temporaryFolder(), 'run');
  const { code, err } = await anneal(['run', 'arithmetic', '--out', out, ...args]);
  expect(code).toBe(2);
  expect(err.join('\n')).toMatch(says);
});
