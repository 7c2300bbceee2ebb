import { FuseV1Options } from '@electron/fuses';
import { describe, expect, it } from 'vitest';
import { FUSES, packagingConfig } from '../../../electron/cli/packaging.ts';
import { LINK_SCHEME } from '#contract/identity.ts';

describe('what people install', () => {
  it.each([
    { fuse: FuseV1Options.RunAsNode, isOn: false },
    { fuse: FuseV1Options.EnableNodeOptionsEnvironmentVariable, isOn: false },
    { fuse: FuseV1Options.EnableNodeCliInspectArguments, isOn: false },
    { fuse: FuseV1Options.LoadBrowserProcessSpecificV8Snapshot, isOn: false },
    { fuse: FuseV1Options.GrantFileProtocolExtraPrivileges, isOn: false },
    { fuse: FuseV1Options.EnableCookieEncryption, isOn: true },
    { fuse: FuseV1Options.EnableEmbeddedAsarIntegrityValidation, isOn: true },
    { fuse: FuseV1Options.OnlyLoadAppFromAsar, isOn: true },
    { fuse: FuseV1Options.WasmTrapHandlers, isOn: true },
  ])('has the fuse $fuse set to $isOn', ({ fuse, isOn }) => {
    expect(FUSES[fuse]).toBe(isOn);
  });

  it('has every fuse that there is set on purpose', () => {
    const known = Object.values(FuseV1Options).filter((value) => typeof value === 'number');
    expect(known.map((fuse) => [fuse, typeof FUSES[fuse]])).toEqual(known.map((fuse) => [fuse, 'boolean']));
  });

  it('opens the links of the scheme that the application knows', () => {
    expect(packagingConfig({}, null).protocols).toEqual([{ name: 'Runledger', schemes: [LINK_SCHEME] }]);
  });

  it('is an archive, with nothing outside it but native addons', () => {
    expect(packagingConfig({}, null)).toMatchObject({
      asar: true,
      asarUnpack: ['**/*.node', '**/node_modules/@img/**'],
      files: ['out/**', 'package.json'],
    });
  });

  it('names the page and the people that a package for Debian has to name', () => {
    expect(packagingConfig({}, null)).toMatchObject({
      extraMetadata: { homepage: expect.stringMatching(/^https:/u) as unknown },
      deb: { maintainer: expect.stringMatching(/^Runledger <.+@.+>$/u) as unknown },
    });
  });

  it('looks for updates nowhere unless the environment names a place', () => {
    expect(packagingConfig({}, null).publish).toBeNull();
    expect(packagingConfig({ RUNLEDGER_UPDATE_URL: 'https://updates.example.com/' }, null).publish).toEqual({
      provider: 'generic',
      url: 'https://updates.example.com/',
      channel: 'latest',
    });
  });

  it.each(['http://updates.example.com/', 'file:///tmp', 'nonsense'])('takes no updates from %s', (url) => {
    expect(() => packagingConfig({ RUNLEDGER_UPDATE_URL: url }, null)).toThrow(
      /^RUNLEDGER_UPDATE_URL is no https address$/u,
    );
  });
});
