import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The files of a run folder. */
export function runPaths(out: string) {
  return {
    out,
    /** Held by the one process that writes to the folder. */
    lock: join(out, 'run.lock'),
    /** The resolved recipe, where it came from, what was overridden. */
    config: join(out, 'config.json'),
    /** One line for each step: TRL's metric names plus `step` and `beta`; `eval_accuracy` on evaluation steps. */
    metrics: join(out, 'metrics.jsonl'),
    /** One line for each completion that was trained on; what was packed of it lies beside it: `rolloutFiles`. */
    rollouts: join(out, 'rollouts.jsonl'),
    /** One line for each evaluation, including the one before the first step. */
    evals: join(out, 'evals.jsonl'),
    /** The answers of the last evaluation, one line for each task. */
    heldOut: join(out, 'held-out.jsonl'),
    checkpoints: join(out, 'checkpoints'),
    /** PEFT layout + afa.json. */
    adapter: join(out, 'adapter'),
    /** The model that `adapter` has to be put on, where that is not the recipe's; Hugging Face layout. */
    base: join(out, 'base'),
    /** Hugging Face layout. */
    merged: join(out, 'merged'),
    /** Whether the merged model is the policy that was trained, as last measured. */
    verification: join(out, 'verification.json'),
    report: join(out, 'report.html'),
    /** Event files, unless --tensorboard names another folder. */
    tensorboard: join(out, 'tensorboard'),
  };
}

export type RunPaths = ReturnType<typeof runPaths>;

/** Whether a folder is a run's: model folders have a config.json too, but no checkpoints. */
export function isRunFolder(folder: string): boolean {
  const { config, checkpoints } = runPaths(folder);
  return existsSync(config) && existsSync(checkpoints);
}
