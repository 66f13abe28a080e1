/**
 * Measures the maths verifier on answers like GSM8K's. All texts differ, nothing is cached, one text in a hundred is
 * hostile, and two worker threads check them. With --peer Math-Verify then checks the same texts in two processes, and
 * the ratio is printed.
 *
 *   node dist/bench/verifier.js --checks 20000 --peer python
 *
 * The peer's Python needs `pip install math-verify`. Prints one JSON line.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CheckPool } from '../rewards/math/check-pool.ts';
import type { Check } from '../rewards/math/check-worker.ts';
import { defaultVerifyOptions } from '../rewards/math/verify.ts';
import { type RandomStream, randomStream } from '../src/random.ts';

const { values } = parseArgs({
  options: {
    checks: { type: 'string', default: '20000' },
    warmup: { type: 'string', default: '2000' },
    peerchecks: { type: 'string', default: '2000' },
    peer: { type: 'string' },
  },
});
const [checkCount, warmUp, peerCount] = [
  Number(values.checks),
  Number(values.warmup),
  Number(values.peerchecks),
];

const names = ['Ann', 'Ben', 'Cleo', 'Dan', 'Eve', 'Finn', 'Gus', 'Hal'];
const things = ['apples', 'books', 'cups of tea', 'miles', 'dollars', 'stamps', 'hours of work'];
const endings = [
  (n: string) => `#### ${n}`,
  (n: string) => `The answer is ${n}.`,
  (n: string) => `So the answer is $\\boxed{${n}}$.`,
  (n: string) => `Therefore, the final answer is: ${n} in total.`,
];
const hostile = [
  '9^9^9^9',
  '$((10^{7})!)!$',
  '('.repeat(300),
  '$$'.repeat(2000),
  `${'\\boxed{'.repeat(500)}7`,
  '$\\prod_{k=1}^{100000} k^{k}$',
  'answer '.repeat(3000),
];

const whole = (stream: RandomStream, low: number, high: number) =>
  low + Math.floor(stream.next() * (high - low + 1));
const pick = <T>(stream: RandomStream, items: readonly T[]): T => items[whole(stream, 0, items.length - 1)]!;

/** Makes a worked word problem of two to five steps. Its answer is right half of the time. */
function typical(stream: RandomStream): Check {
  const [name, thing] = [pick(stream, names), pick(stream, things)];
  let total = whole(stream, 2, 90);
  let text = `${name} starts with ${total} ${thing}. `;
  for (let steps = whole(stream, 2, 5); steps > 0; steps--) {
    const by = whole(stream, 2, 12);
    text += `Then ${name} has ${total}*${by} = <<${total}*${by}=${total * by}>>${total * by} ${thing}, which is more than before.\n`;
    total *= by;
  }
  const gold = total.toLocaleString('en-US');
  const given = stream.next() < 0.5 ? gold : String(total + whole(stream, 1, 9));
  return { gold, prediction: text + pick(stream, endings)(given) };
}

const stream = randomStream(0, 'verifier bench');
const checks = Array.from({ length: warmUp + checkCount }, (_, i): Check => {
  const check = typical(stream);
  return i % 100 === 99
    ? { ...check, prediction: `${check.prediction.slice(0, 40)} ${pick(stream, hostile)}` }
    : check;
});

const pool = new CheckPool({ threads: 2, memoryMb: 256, timeMs: 2000 });
await pool.run(checks.slice(0, warmUp), defaultVerifyOptions);
const start = performance.now();
const outcomes = await pool.run(checks.slice(warmUp), defaultVerifyOptions);
const seconds = (performance.now() - start) / 1000;
await pool.close();
const checksPerSecond = checkCount / seconds;
const right = outcomes.filter((outcome) => outcome === 'right').length;
const exceeded = outcomes.filter((outcome) => outcome === 'exceeded').length;
const peer = values.peer === undefined ? undefined : runPeer(values.peer);
console.log(
  JSON.stringify({
    checks: checkCount,
    seconds,
    checksPerSecond,
    right,
    exceeded,
    ...(peer === undefined ? {} : { peer, ratio: checksPerSecond / peer.checksPerSecond }),
  }),
);

function runPeer(python: string): { seconds: number; checksPerSecond: number; right: number } {
  const folder = mkdtempSync(join(tmpdir(), 'verifier-'));
  const file = join(folder, 'checks.jsonl');
  // Python compiles nothing, so a tenth of the warm-up is enough for it.
  const rows = checks.slice(0, peerCount + warmUp / 10);
  writeFileSync(file, rows.map((row) => JSON.stringify(row)).join('\n'));
  try {
    const output = execFileSync(python, ['bench/peer_math_verify.py', file, String(warmUp / 10)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return JSON.parse(output.trim().split('\n').at(-1)!);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
