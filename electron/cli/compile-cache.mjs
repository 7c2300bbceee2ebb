// Keeps what was compiled once for this process and its children: a command starts in less than half the time.
import module from 'node:module';
import { fileURLToPath } from 'node:url';

process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../../node_modules/.cache/node-compile', import.meta.url));
// A Node that is too old for it is told so by whoever asks for this.
module.enableCompileCache?.(process.env.NODE_COMPILE_CACHE);
