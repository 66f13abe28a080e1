/** β over the anneal: its share that has passed, in [0, 1], → β in [0, 1]; 1 at 0, 0 at 1, and never rising between. */
export type Curve = (passed: number) => number;
