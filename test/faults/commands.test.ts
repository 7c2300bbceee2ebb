import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commands, comeToRest, emptyModel, emptyWorld } from '../support/model-commands.ts';

/** A failing run prints its seed and path; `fc.assert` replays it where both are given as options. */
const RUNS = 10_000;

describe('runners, people, sweeps, deaths between any two calls, second deliveries and clocks that are set', () => {
  it('in any order leave every invariant whole after each, and everything at an end after all of them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands([...commands], { size: '+1', maxCommands: 25 }), async (steps) => {
        const [model, world] = [emptyModel(), emptyWorld()];
        await fc.asyncModelRun(() => ({ model, real: world }), steps);
        expect(await comeToRest(model, world)).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  }, 300_000);
});
