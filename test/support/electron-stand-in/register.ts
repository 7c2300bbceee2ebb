import { registerHooks } from 'node:module';

/** Loaded before the application (`node --import`): its bundles find the stand-in where they import `electron`. */
const STAND_IN_MODULE = new URL('./electron.ts', import.meta.url).href;

registerHooks({
  resolve: (specifier, context, nextResolve) =>
    specifier === 'electron' ? nextResolve(STAND_IN_MODULE, context) : nextResolve(specifier, context),
});
