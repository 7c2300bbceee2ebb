import { registerHooks } from 'node:module';

/** Loaded before the application (`node --import`): its bundles find the stand-in where they import `electron`. */
const isSource = import.meta.url.endsWith('.ts');
const STAND_IN_MODULE = new URL(isSource ? './electron.ts' : './electron.js', import.meta.url).href;

registerHooks({
  resolve: (specifier, context, nextResolve) =>
    specifier === 'electron' ? nextResolve(STAND_IN_MODULE, context) : nextResolve(specifier, context),
});

// Before the application is even read: Electron's browser is there by then as well.
await import('electron');
