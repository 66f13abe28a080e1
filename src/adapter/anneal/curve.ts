/** Maps the share of the anneal that has passed to β, both in [0, 1]. It is 1 at 0, 0 at 1, and never rises. */
export type Curve = (passed: number) => number;
