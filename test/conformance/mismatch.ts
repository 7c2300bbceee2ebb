/** A test that does not hold, or that is no right test; its message says where and how. No error that a test expects may hide it. */
export class Mismatch extends Error {}
