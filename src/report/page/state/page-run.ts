import { type Curves, curvesOf } from '../../curves.ts';
import type { Group } from '../../group-lines.ts';
import type { RunView } from '../../page-data.ts';

/** A run as the page holds it: its curves grow while it is followed. */
export interface PageRun extends Omit<RunView, 'metrics' | 'lastStep' | 'betaZero' | 'tokens' | 'seconds'> {
  readonly curves: Curves;
}

export function pageRun({ metrics, lastStep, betaZero, tokens, seconds, ...run }: RunView): PageRun {
  return { ...run, curves: curvesOf({ ...run, metrics, lastStep, betaZero, tokens, seconds }) };
}

/** The runs of a group: they differ in the seed alone. */
export interface RunGroup extends Group {
  readonly runs: readonly PageRun[];
}

/** Groups in order of first appearance, each with its place: its colour. */
export function groupsOf(runs: readonly PageRun[]): RunGroup[] {
  const names = [...new Set(runs.map((run) => run.group))];
  return names.map((name, place) => ({ name, place, runs: runs.filter((run) => run.group === name) }));
}

/** Returns the last two parts of a path, or a name unchanged. */
export const shortPath = (path: string) => path.split('/').slice(-2).join('/');
