import { startWireProxy, type WireProxy } from './wire-proxy.ts';

/** A proxy before a server, of which a connection goes silent when it is told to: it stays open, and nothing passes on it any more. */
export interface SilencingProxy extends WireProxy {
  /** The server's address by way of the proxy. */
  readonly uri: string;
  /** The connection over which the next request goes that holds these bytes goes silent with it. */
  swallowNext(text: string): void;
  /** True where every connection that was to go silent has done so. */
  isSilent(): boolean;
}

/** Starts it before the server on loopback that an address names. Rejects where no port is free. */
export async function startSilencingProxy(serverUri: string): Promise<SilencingProxy> {
  const uri = new URL(serverUri);
  let swallowed: string | null = null;
  const proxy = await startWireProxy(Number(uri.port), ({ client, upstream }) => {
    let isSilent = false;
    client.on('data', (request: Buffer) => {
      if (swallowed !== null && request.includes(swallowed)) {
        isSilent = true;
        swallowed = null;
      }
      if (!isSilent) upstream.write(request);
    });
    upstream.on('data', (reply: Buffer) => isSilent || client.write(reply));
  });
  uri.port = String(proxy.port);
  return {
    ...proxy,
    uri: uri.href,
    swallowNext: (text) => {
      swallowed = text;
    },
    isSilent: () => swallowed === null,
  };
}
