import { charts, furtherCharts, percentLabel } from './charts.ts';
import { escapeHtml } from './escape-html.ts';
import { rolloutTable } from './rollout-table.ts';
import type { RunData } from './run-data.ts';
import { style } from './style.ts';
import { shortNumber } from './ticks.ts';

/** Makes the report of a run: one HTML page without any other file. */
export function reportPage(run: RunData): string {
  const { recipe, anneal } = run.config;
  const title = `${recipe.name}: ${recipe.method} on ${shortPath(String(recipe.model))}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body><main>
<h1>${escapeHtml(String(recipe.name))}</h1>
<p class="lead">${escapeHtml(lead(run))}</p>
<dl class="tiles">${tiles(run)}</dl>
<h2>Curves</h2>
<div class="charts">${charts(run)}</div>
${further(run)}
${samples(run)}
<h2>Recipe</h2>
<details><summary>Every setting of this run</summary><pre>${escapeHtml(JSON.stringify(run.config, null, 2))}</pre></details>
<footer>anneal ${escapeHtml(anneal)}</footer>
</main></body>
</html>
`;
}

function further(run: RunData): string {
  const more = furtherCharts(run);
  if (more === '') return '';
  return `<details><summary>Every other metric that changed</summary><div class="charts">${more}</div></details>`;
}

function samples({ early, late }: RunData): string {
  if (early.length === 0) return '';
  const last = late[0]!.step === early[0]!.step ? '' : rolloutTable('Late', late);
  return `<h2>Completions</h2>
<p class="lead">The best and the worst answer to a prompt, from the first batch and from the last.</p>
${rolloutTable('Early', early)}${last}`;
}

function lead({ config: { recipe } }: RunData): string {
  const objective = recipe.objective === 'sft' ? 'Supervised fine-tuning' : 'Reinforcement learning';
  return `${objective} of ${shortPath(String(recipe.model))} by ${recipe.method} on ${recipe.env}, seed ${recipe.seed}.`;
}

function tiles({ metrics, evals, config }: RunData): string {
  const [before, after] = [evals[0], evals.at(-1)];
  const last = metrics.at(-1);
  const seconds = metrics.reduce((sum, line) => sum + (line.step_time ?? 0), 0);
  const range = (record: typeof after) =>
    record && `${percentLabel(record.interval[0])} to ${percentLabel(record.interval[1])}`;
  return [
    before && tile('Accuracy before', percentLabel(before.accuracy), range(before)),
    after &&
      tile('Accuracy after', percentLabel(after.accuracy), `${range(after)}, ${after.tasks} held-out tasks`),
    after && tile('β at the end', shortNumber(after.beta), `after step ${after.step}`),
    last && tile('Steps', `${last.step + 1} of ${config.recipe.steps}`, duration(seconds)),
    last && tile('Tokens', shortNumber(last.num_tokens ?? 0), 'prompts and completions'),
  ].join('');
}

function tile(name: string, value: string, note = ''): string {
  return `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}<small>${escapeHtml(note)}</small></dd></div>`;
}

function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${seconds.toFixed(1)} s` : `${minutes} min ${Math.round(seconds % 60)} s`;
}

/** Returns the last two parts of a path, or a name unchanged. */
function shortPath(model: string): string {
  return model.split('/').slice(-2).join('/');
}
