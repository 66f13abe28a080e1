// Turns the results.json of comparisons and ablations, as docs/results/ holds them, into tables for docs/results.md.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createJiti } from 'jiti';

const jiti = createJiti(import.meta.url);
const { experimentResultsSchema } = await jiti.import('../src/report/experiment-results.ts');
const { settingsText } = await jiti.import('../src/report/format.ts');

const line = (cells) => `| ${cells.join(' | ')} |`;
const table = (head, rows) => [head, head.map(() => '---'), ...rows].map(line).join('\n');

const percent = (share) => (share * 100).toFixed(1).replace('-', '−');
const range = (interval) => (interval ? `${percent(interval[0])} to ${percent(interval[1])}` : '–');
const signed = (share) => `${share < 0 ? '−' : '+'}${percent(Math.abs(share))}`;
const signedRange = (interval) => (interval ? `${signed(interval[0])} to ${signed(interval[1])}` : '–');
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const grouped = (n) => Math.round(n).toLocaleString('en-US');

function accuracyTable({ variants }) {
  const jumps = variants.some(({ runs }) => runs.some(({ lastJump }) => lastJump !== null));
  return table(
    [
      ...['', 'chosen', 'validation %', 'test %', '95 % over seeds', '95 % over tasks', 'seeds'],
      ...(jumps ? ['last move of β, nats a token'] : []),
    ],
    variants.map(({ name, chosen, runs, mean: test, overTasks }) => [
      name,
      settingsText(chosen ?? {}) || '–',
      percent(mean(runs.map(({ validation }) => validation))),
      percent(test.value),
      range(test.interval),
      range(overTasks),
      test.seeds,
      ...(jumps ? [lastJump(runs)] : []),
    ]),
  );
}

function lastJump(runs) {
  const jumps = runs.map((run) => run.lastJump).filter((jump) => jump !== null);
  return jumps.length === 0 ? '–' : mean(jumps).toPrecision(2);
}

const differenceTable = ({ differences }) =>
  table(
    ['difference', 'points', '95 % over seeds', 'says'],
    differences.map(({ of, minus, value, interval, verdict }) => [
      `${of} − ${minus}`,
      signed(value),
      signedRange(interval),
      verdict,
    ]),
  );

const costTable = ({ variants }) =>
  table(
    [
      '',
      'trained parameters',
      'tokens a run',
      'seconds a run',
      'peak memory, MB',
      'merges verified',
      'max \\|Δlogit\\|',
    ],
    variants.map(({ name, runs }) => [
      name,
      grouped(runs[0].trainableParameters),
      grouped(mean(runs.map(({ tokens }) => tokens))),
      grouped(mean(runs.map(({ seconds }) => seconds))),
      grouped(Math.max(...runs.map(({ peakMemory }) => peakMemory)) / 1e6),
      `${runs.filter(({ verified }) => verified).length} of ${runs.length}`,
      Math.max(...runs.map(({ maxDelta }) => maxDelta)).toExponential(1),
    ]),
  );

/** What was tried, with the share of validation tasks answered right. */
function gridTable({ variants }) {
  const tried = variants.filter(({ grid }) => grid.length > 0);
  if (tried.length === 0) return [];
  const rows = tried.flatMap(({ name, grid }) =>
    grid.map(({ settings, validation, chosen }) => [
      name,
      settingsText(settings),
      percent(validation),
      chosen ? 'chosen' : '',
    ]),
  );
  return ['What was tried, on the first seed:', table(['', 'setting', 'validation %', ''], rows)];
}

function gap({ gapClosure }) {
  if (!gapClosure) return [];
  const { value, interval, why } = gapClosure;
  const text =
    value === null ? `not defined: ${why}` : `${percent(value)} % (95 % ${range(interval)}, Fieller)`;
  return [`Gap closure (AFA − LoRA) / (Full − LoRA): ${text}.`];
}

function stepZero({ stepZero: checks }) {
  if (checks.length === 0) return [];
  const size = (max) => (max === 0 ? 'equal bits' : `within ${max.toExponential(1)} nats`);
  const texts = checks.map(({ of, against, maxDifference }) => `${of} and ${against} ${size(maxDifference)}`);
  return [`Log-probs before the first step: ${texts.join('; ')}.`];
}

const edges = ({ variants }) =>
  variants.flatMap(({ name, chosen, edges: found }) =>
    found.map(({ field, end }) => `${name} is best at the ${end} ${field} tried (${chosen[field]}).`),
  );

function taskText(task) {
  const { recipe, steps, splits } = task;
  const train = splits.train === null ? 'endless' : grouped(splits.train);
  return [
    `\`${recipe}\`: ${steps} steps a run; ${train} training, ${splits.validation} validation and ${splits.test} test tasks.`,
    accuracyTable(task),
    differenceTable(task),
    ...gap(task),
    ...edges(task),
    ...stepZero(task),
    costTable(task),
    ...gridTable(task),
  ].join('\n\n');
}

/** The text of every result file of a folder, by the file's name. */
export function resultTables(folder) {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return Object.fromEntries(
    files.map((file) => {
      const results = experimentResultsSchema.parse(JSON.parse(readFileSync(join(folder, file), 'utf8')));
      return [
        file.replace('.json', ''),
        [`\`${results.command}\``, ...results.tasks.map(taskText)].join('\n\n'),
      ];
    }),
  );
}
