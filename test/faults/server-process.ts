import { startSandbox } from '#sandbox/server.ts';
import { endWithParent } from '../support/end-with-parent.ts';
import { keepCompiled } from './keep-compiled.ts';

/** The sandbox server as a process that can be killed: folder, port, and by how much its clock is wrong, in milliseconds. */
const [dataDir = '', port = '0', skewMs = '0'] = process.argv.slice(2);
endWithParent();
const sandbox = await startSandbox({ dataDir, port: Number(port), now: () => Date.now() + Number(skewMs) });
process.stdout.write(`${sandbox.port}\n`);
keepCompiled();
