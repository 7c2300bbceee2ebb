const SAMPLE_MS = 20;

/** What some work took: milliseconds, and how far the memory of this process rose above where it began. */
export interface Measured<Value> {
  readonly value: Value;
  readonly ms: number;
  readonly peakBytes: number;
  /** Of this process with its threads, in milliseconds: hardly moved by what else the machine does. */
  readonly cpuMs: number;
}

/** Does some work and measures it; memory is looked at every twenty milliseconds, that of threads included. */
export async function measured<Value>(work: () => Promise<Value>): Promise<Measured<Value>> {
  const startBytes = process.memoryUsage().rss;
  let peakBytes = 0;
  const sampler = setInterval(() => {
    peakBytes = Math.max(peakBytes, process.memoryUsage().rss - startBytes);
  }, SAMPLE_MS);
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const value = await work();
  clearInterval(sampler);
  const { user, system } = process.cpuUsage(cpu);
  return { value, ms: performance.now() - startedAt, peakBytes, cpuMs: (user + system) / 1000 };
}
