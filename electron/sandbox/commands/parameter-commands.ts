import { ServerError } from '../semantics/server-error.ts';
import type { TtlMonitor } from '../ttl-monitor.ts';
import { numberField, type Command } from './command.ts';

const HOUSEKEEPING = new Set(['setParameter', 'lsid', 'comment', '$db', '$clusterTime', '$readPreference']);

/** The command that sets parameters of the running server; it knows the one that tests of expiry need. */
export function parameterCommands(ttlMonitor: TtlMonitor): Record<string, Command> {
  return {
    setParameter: {
      writes: false,
      run(call) {
        if (call.db !== 'admin')
          throw new ServerError('Unauthorized', 'setParameter may only be run against the admin database.');
        const unknown = Object.keys(call.body).find((key) => key !== 'ttlMonitorSleepSecs' && !HOUSEKEEPING.has(key));
        if (unknown !== undefined)
          throw new ServerError('InvalidOptions', `attempted to set unrecognized parameter [${unknown}]`);
        const seconds = numberField(call.body, 'ttlMonitorSleepSecs');
        if (seconds === undefined) throw new ServerError('InvalidOptions', 'no option found to set');
        if (!Number.isInteger(seconds) || seconds < 1 || seconds > 86_400)
          throw new ServerError('BadValue', `Invalid value for parameter ttlMonitorSleepSecs: ${seconds}`);
        return { was: ttlMonitor.setEvery(seconds * 1000) / 1000 };
      },
    },
  };
}
