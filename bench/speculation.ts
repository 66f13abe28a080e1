/**
 * Races decoding with a draft against plain decoding: one text at a time (or `--n` completions of it), greedily or at
 * `--temperature`. The two take turns on every prompt, so that a busy machine slows both.
 *
 *   node dist/bench/speculation.js --model models/SmolLM2-135M-Instruct --draft runs/draft/merged --tokens 2,4
 *
 * `--prompts` names a file with a question on each line. Prints one JSON line for each number of proposed tokens: ratios
 * of wall and of CPU time (of all threads), plain to draft, so above 1 the draft pays; tokens for each call of the
 * target; how often each proposal was accepted; and whether all greedy texts were the same.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { GenerateOptions } from '../src/causal-lm/causal-lm.ts';
import { loadModel } from '../src/causal-lm/load-model.ts';
import type { SpeculationStats } from '../src/rollout/session/speculation.ts';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'tiny' },
    draft: { type: 'string', default: 'runs/draft/merged' },
    tokens: { type: 'string', default: '2,4' },
    prompts: { type: 'string' },
    new: { type: 'string', default: '48' },
    n: { type: 'string', default: '1' },
    temperature: { type: 'string', default: '0' },
    repeats: { type: 'string', default: '2' },
    threads: { type: 'string', default: '0' },
  },
});

const questions =
  values.prompts === undefined
    ? ['36-2*8=', '(4+5)*7=', '12*3+4=', '81/9-2=']
    : readFileSync(values.prompts, 'utf8').split('\n').filter(Boolean);

interface Cost {
  seconds: number;
  cpu: number;
  tokens: number;
}

const model = await loadModel(values.model, { engine: { threads: Number(values.threads) } });
const draft = await model.loadDraft(values.draft);

async function timed(cost: Cost, options: GenerateOptions): Promise<string> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  const completions = await model.generate(options);
  const { user, system } = process.cpuUsage(before);
  cost.seconds += (performance.now() - start) / 1000;
  cost.cpu += (user + system) / 1e6;
  cost.tokens += completions.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
  return completions.map(({ tokenIds }) => tokenIds.join(' ')).join('\n');
}

async function race(draftTokens: number): Promise<object> {
  const [plain, drafted]: [Cost, Cost] = [
    { seconds: 0, cpu: 0, tokens: 0 },
    { seconds: 0, cpu: 0, tokens: 0 },
  ];
  const all = { rowCalls: 0, tokens: 0, offered: [] as number[], accepted: [] as number[] };
  const onSpeculation = (stats: SpeculationStats) => {
    all.rowCalls += stats.rowCalls;
    all.tokens += stats.tokens;
    for (let i = 0; i < draftTokens; i++) {
      all.offered[i] = (all.offered[i] ?? 0) + stats.offered[i]!;
      all.accepted[i] = (all.accepted[i] ?? 0) + stats.accepted[i]!;
    }
  };
  let same = true;
  const optionsOf = (question: string, seed: number): GenerateOptions => ({
    prompts: [values.prompts === undefined ? question : [{ role: 'user', content: question }]],
    maxNewTokens: Number(values.new),
    temperature: Number(values.temperature),
    n: Number(values.n),
    seed,
  });
  // Compiles.
  await model.generate({ ...optionsOf(questions[0]!, 0), draft, draftTokens });
  await model.generate(optionsOf(questions[0]!, 0));
  for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
    for (const question of questions) {
      const options = optionsOf(question, repeat);
      const text = await timed(plain, options);
      const sooner = await timed(drafted, { ...options, draft, draftTokens, onSpeculation });
      same &&= text === sooner;
    }
  }
  const each = ({ seconds, tokens }: Cost) => tokens / seconds;
  const rounded = (x: number) => Number(x.toFixed(3));
  return {
    draftTokens,
    texts: questions.length * Number(values.repeats),
    wall: rounded(each(drafted) / each(plain)),
    cpu: rounded(plain.cpu / plain.tokens / (drafted.cpu / drafted.tokens)),
    plainTokensPerSecond: rounded(each(plain)),
    draftTokensPerSecond: rounded(each(drafted)),
    tokensPerCall: rounded(all.tokens / all.rowCalls),
    byPosition: all.accepted.map((count, i) => rounded(count / Math.max(1, all.offered[i]!))),
    ...(Number(values.temperature) === 0 && { same }),
  };
}

for (const tokens of values.tokens.split(',')) console.log(JSON.stringify(await race(Number(tokens))));
await draft.dispose();
await model.dispose();
