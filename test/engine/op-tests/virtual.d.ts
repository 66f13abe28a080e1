/** Modules that bundle.ts writes. */
declare module 'virtual:backend' {
  /** Name in tfjs of the backend under test, registered by importing this module. */
  export const backend: string;
}
declare module 'virtual:test-files' {
  /** Importers of tfjs-core's test files, by OpTests.file. */
  export const files: Readonly<Record<string, () => Promise<unknown>>>;
}

/** The part of jasmine that runs the tests. */
declare module 'jasmine' {
  export interface SpecDone {
    readonly fullName: string;
    readonly status: 'passed' | 'failed' | 'pending' | 'excluded';
    readonly failedExpectations: readonly { readonly message: string }[];
  }
  export interface Reporter {
    specStarted?(): void;
    specDone?(result: SpecDone): void;
  }
  export interface Configuration {
    random?: boolean;
    specFilter?(spec: { getFullName(): string }): boolean;
  }
  export default class Jasmine {
    exitOnCompletion: boolean;
    readonly env: { configure(configuration: Configuration): void };
    clearReporters(): void;
    addReporter(reporter: Reporter): void;
    execute(): Promise<{ readonly overallStatus: string }>;
  }
}
