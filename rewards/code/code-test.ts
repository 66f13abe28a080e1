/** A program must write `stdout` when it reads `stdin`; or a line of JavaScript must run behind it without failing. */
export type CodeTest = { readonly stdin: string; readonly stdout: string } | { readonly assert: string };
