import { count, duration, percent, shortNumber } from '../format.ts';
import { type PageRun, shortPath } from './state/page-run.ts';

/** What came out of one run, in a few large numbers. */
export function Tiles({ run }: { readonly run: PageRun }) {
  const { evals, curves, verification } = run;
  const [before, after] = [evals[0], evals.at(-1)];
  return (
    <dl class="tiles">
      {before && (
        <Tile name="Accuracy before" value={percent(before.accuracy)} note={rangeText(before.interval)} />
      )}
      {after && (
        <Tile
          name="Accuracy after"
          value={percent(after.accuracy)}
          note={`${rangeText(after.interval)}, ${count(after.tasks)} held-out tasks`}
        />
      )}
      {after && (
        <Tile name="β at the end" value={shortNumber(after.beta)} note={`after step ${after.step}`} />
      )}
      {curves.lastStep !== null && (
        <Tile
          name="Steps"
          value={`${count(curves.lastStep + 1)} of ${count(run.steps)}`}
          note={duration(curves.seconds)}
        />
      )}
      {curves.lastStep !== null && (
        <Tile name="Tokens" value={count(curves.tokens)} note="prompts and completions" />
      )}
      {verification && (
        <Tile
          name="Merged model"
          value={verification.ok ? 'verified' : 'FAILED'}
          note={`max |Δlogit| ${verification.maxDelta.toExponential(1)}`}
        />
      )}
    </dl>
  );
}

const rangeText = ([low, high]: readonly [number, number]) => `${percent(low)} to ${percent(high)}`;

function Tile({
  name,
  value,
  note,
}: {
  readonly name: string;
  readonly value: string;
  readonly note: string;
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value}
        <small>{note}</small>
      </dd>
    </div>
  );
}

const OBJECTIVES = {
  rl: 'Reinforcement learning',
  sft: 'Supervised fine-tuning',
  draft: 'A draft',
} as const;

/** What a run is, in a sentence. */
export function leadOf({ config: { recipe } }: PageRun): string {
  const objective = OBJECTIVES[recipe.objective as keyof typeof OBJECTIVES] ?? OBJECTIVES.rl;
  return `${objective} of ${shortPath(String(recipe.model))} by ${recipe.method} on ${recipe.env}, seed ${recipe.seed}.`;
}
