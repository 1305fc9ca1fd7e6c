/** What marks the tests' own lines among all that a workbench writes to its console. */
export const testOutput = "[tests] ";
