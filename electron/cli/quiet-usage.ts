import type { Command } from 'commander';
import { redactText } from '#domain/redacted-text.ts';

const ADDRESS = /\b(mongodb(?:\+srv)?:\/\/).*/gi;

/**
 * Lets what a command says of wrong usage hold no address and no secret: commander repeats the whole of an option that it does not
 * know, and `--urii=mongodb://user:password@host` would have stood in the log of whatever started it. Must be called before
 * subcommands are added, which take it over. @returns the command
 */
export function withQuietUsage(command: Command): Command {
  // An address that cannot be read ends anywhere: the rest of its line goes.
  return command.configureOutput({
    outputError: (text, write) => write(redactText(text.replaceAll(ADDRESS, '$1[removed]'))),
  });
}
