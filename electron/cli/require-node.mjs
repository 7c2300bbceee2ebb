// Plain JavaScript on purpose: it must load under any Node that may be found, before anything that needs a newer one.
import './compile-cache.mjs';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `Runledger needs Node.js 22.18 or newer to run (this is ${process.versions.node}). ` +
      'Start it through its npm script after `npm ci`: that brings its own Node 24.',
  );
  process.exit(1);
}

const { gatherRules } = await import('./rule-index.mjs');
gatherRules();
