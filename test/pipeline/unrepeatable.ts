/** Metrics that differ between two runs of the same seed: they tell of the machine. */
export const unrepeatable: readonly string[] = ['step_time', 'tokens_per_second', 'compilations'];
