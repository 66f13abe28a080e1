/** How one test of tfjs-core ended on the backend under test. */
export interface SpecResult {
  readonly op: string;
  /** Suite and test as tfjs-core names them. */
  readonly name: string;
  /** First line of the failure; undefined when it passed. */
  readonly failure?: string;
  /**
   * Kernels it asked for that the backend does not have: such a test may pass for the wrong reason, expecting a throw.
   */
  readonly missingKernels: readonly string[];
}
