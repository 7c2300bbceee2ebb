import process from 'node:process';
import { fine, type DoctorCheck } from '../check.ts';

/** The first version of Node that runs the sources as they are. */
const NODE_MAJOR_MIN = 22;

/** On what does it run? */
export const runtimeCheck: DoctorCheck = {
  name: 'runtime',
  run: () => {
    const { node, electron, chrome } = process.versions as Readonly<Record<string, string | undefined>>;
    const around = electron === undefined ? '' : `, Electron ${electron}, Chromium ${chrome ?? 'unknown'}`;
    const says = `Node ${node ?? 'unknown'}${around}, ${process.platform} ${process.arch}`;
    if (Number.parseInt(node ?? '0', 10) >= NODE_MAJOR_MIN) return Promise.resolve(fine(says));
    const todo = `Start it by its npm script, which brings the right version; ${NODE_MAJOR_MIN} is the least.`;
    return Promise.resolve({ level: 'error', says, todo });
  },
};
