/**
 * Flags of V8 for the process of the engine. While documents stream through it, the room for young objects that V8 takes by itself on a
 * machine with much memory keeps a hundred megabytes that nobody needs; 8 MiB cost no measurable time (test/bench/README.md).
 */
export const ENGINE_FLAGS: readonly string[] = ['--max-semi-space-size=8'];
