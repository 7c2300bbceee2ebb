import { ok } from '#domain/result.ts';
import { signInHostsIn } from '#engine/sign-in/sign-in-hosts.ts';
import { SignInDesk } from '#engine/sign-in/sign-in-desk.ts';
import { labelOf } from '#store/server-address.ts';
import type { SignIn } from '#store/sign-in.ts';

/**
 * For commands at whose terminal a person sits: prints the page of the identity provider on the standard error, where the person takes
 * it to a browser on this machine. Nothing is opened, and what comes of it lives as long as the command.
 */
export function terminalSignIn(flags: { readonly uri: string; readonly db?: string | null | undefined }): SignIn {
  const desk = new SignInDesk({
    openPage: ({ url, server }) => {
      process.stderr.write(`To sign in to ${server}, open this page in a browser on this machine:\n${url}\n`);
      return Promise.resolve(ok(undefined));
    },
    onWaiting: () => undefined,
    now: Date.now,
  });
  const label = labelOf(flags.uri, flags.db ?? null);
  return desk.forServer({
    server: label.ok ? label.value : 'the server',
    allowedHosts: signInHostsIn(process.env),
    redirectPort: null,
  });
}
