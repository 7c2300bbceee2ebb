import path from 'node:path';
import { flipFuses, FuseV1Options, FuseVersion, type FuseV1Config } from '@electron/fuses';
import type { AfterPackContext, Configuration } from 'electron-builder';
import { z } from 'zod';
import { APP_ID, LINK_SCHEME } from '#contract/identity.ts';
import { firstIssueOf, safeParse } from '#domain/safe-parse.ts';

/**
 * What is set in the executable itself, where no later start can change it
 * (https://www.electronjs.org/docs/latest/tutorial/fuses): it runs nothing but the application's own archive, and is no Node for
 * whoever can set a variable or an argument.
 */
export const FUSES: FuseV1Config = {
  version: FuseVersion.V1,
  strictlyRequireAllFuses: true,
  [FuseV1Options.RunAsNode]: false,
  [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: false,
  [FuseV1Options.EnableNodeCliInspectArguments]: false,
  [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
  [FuseV1Options.GrantFileProtocolExtraPrivileges]: false,
  [FuseV1Options.EnableCookieEncryption]: true,
  // Checked by macOS and Windows only; elsewhere it has no effect.
  [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: true,
  [FuseV1Options.OnlyLoadAppFromAsar]: true,
  [FuseV1Options.WasmTrapHandlers]: true,
};

/** The name of the executable on Linux; elsewhere it is the product's. */
const EXECUTABLE = 'runledger';

/** What the environment says of a release. Signing itself is configured by electron-builder's own variables (CSC_LINK, …). */
const releaseSchema = z.object({
  /** Where updates are published; none are without it. */
  RUNLEDGER_UPDATE_URL: z.url({ protocol: /^https$/, error: 'is no https address' }).optional(),
  RUNLEDGER_UPDATE_CHANNEL: z.enum(['latest', 'beta', 'alpha']).optional(),
});

/**
 * How the application is packaged, as electron-builder takes it. Throws for an update address that is no https URL, with its
 * variable and what is wrong.
 * @param electronDist the folder of a runtime that is here already; null lets electron-builder fetch what the target needs
 */
export function packagingConfig(
  env: Readonly<Record<string, string | undefined>>,
  electronDist: string | null,
): Configuration {
  const read = safeParse(releaseSchema, env);
  if (!read.success) throw new Error(firstIssueOf(read.error));
  const release = read.data;
  return {
    appId: APP_ID,
    productName: 'Runledger',
    copyright: 'Runledger',
    directories: { output: 'dist' },
    files: ['out/**', 'package.json'],
    asar: true,
    // A native addon and the libraries that it brings are loaded by the system, which knows no archive.
    asarUnpack: ['**/*.node', '**/node_modules/@img/**'],
    // better-sqlite3 and sharp bring addons that are built for Node-API: they fit Electron as they are.
    npmRebuild: false,
    ...(electronDist === null ? {} : { electronDist }),
    protocols: [{ name: 'Runledger', schemes: [LINK_SCHEME] }],
    // A deb is refused without one.
    extraMetadata: { homepage: 'https://runledger.example/' },
    linux: {
      executableName: EXECUTABLE,
      target: ['AppImage', 'deb'],
      category: 'Development',
      synopsis: 'Jobs and credits of AI generation',
    },
    deb: { maintainer: 'Runledger <support@runledger.example>' },
    mac: { target: ['dmg', 'zip'], category: 'public.app-category.developer-tools', hardenedRuntime: true },
    win: { target: ['nsis'] },
    nsis: { oneClick: false, perMachine: false, allowToChangeInstallationDirectory: true },
    publish:
      release.RUNLEDGER_UPDATE_URL === undefined
        ? null
        : {
            provider: 'generic',
            url: release.RUNLEDGER_UPDATE_URL,
            channel: release.RUNLEDGER_UPDATE_CHANNEL ?? 'latest',
          },
    // Before anything is signed: a signature covers the fuses.
    afterPack: setFuses,
  };
}

async function setFuses(context: AfterPackContext): Promise<void> {
  const name = context.packager.appInfo.productFilename;
  const executable: Readonly<Record<string, string>> = {
    darwin: `${name}.app`,
    mas: `${name}.app`,
    win32: `${name}.exe`,
  };
  const file = executable[context.electronPlatformName] ?? EXECUTABLE;
  await flipFuses(path.join(context.appOutDir, file), {
    ...FUSES,
    // Changing an executable breaks the signature that macOS needs to run it at all.
    resetAdHocDarwinSignature: context.electronPlatformName === 'darwin',
  });
}
